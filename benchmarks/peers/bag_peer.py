#!/usr/bin/python3
"""dask.bag with two processes on the files of the benchmark `bag`: words of packed text, names in JSON lines.

  bag_peer.py words|json FOLDER    prints "seconds N"
"""
import json
import sys
import time

import dask
import dask.bag


def main():
    what, folder = sys.argv[1:]
    dask.config.set(scheduler="processes", num_workers=2)
    start = time.perf_counter()
    if what == "words":
        counted = dask.bag.read_text(f"{folder}/text-*.txt.gz").map(str.split).flatten().frequencies()
    else:
        counted = dask.bag.read_text(f"{folder}/lines-*.json").map(json.loads).pluck("name").frequencies()
    counted.topk(10, key=1).compute()
    print("seconds", time.perf_counter() - start)


if __name__ == "__main__":
    main()
