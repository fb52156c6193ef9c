// The same as benchmarks/frames.cpp in DuckDB and in Polars, with two threads:
//   frame_peer.mjs duckdb|polars questions FILE | joins FOLDER | brc FILE
// from packages of npm in the folder that PEERS names.
import { createRequire } from "node:module";
import { statSync } from "node:fs";
import path from "node:path";

const [peer, what, where] = process.argv.slice(2);
const bring = createRequire(path.join(process.env.PEERS, "node_modules/"));

async function seconds(name, question, rounds = 2) {
  let best = 1e9;
  for (let i = 0; i < rounds; ++i) {
    const start = performance.now();
    await question();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  console.log(name, best);
  return best;
}

async function duckdb() {
  const { DuckDBInstance } = bring("@duckdb/node-api");
  const client = await (await DuckDBInstance.create(":memory:", { threads: "2" })).connect();
  const ask = (name, question) =>
    seconds(name, () => client.run(`CREATE OR REPLACE TEMP TABLE answer AS ${question}`));
  const table = (name, file) =>
    client.run(`CREATE OR REPLACE TABLE ${name} AS SELECT * FROM read_csv('${file}')`);
  if (what === "brc") {
    const columns = "{'station': 'VARCHAR', 'degrees': 'DOUBLE'}";
    const best = await seconds("seconds", () => client.runAndReadAll(
      `SELECT station, min(degrees), avg(degrees), max(degrees)
       FROM read_csv('${where}', delim=';', header=false, columns=${columns}) GROUP BY station`));
    console.log("brc_gb_per_s", statSync(where).size / best / 1e9);
  } else if (what === "joins") {
    for (const name of ["x", "small", "medium", "big"]) await table(name, `${where}/${name}.csv`);
    const join = (name, right, key, how = "") =>
      ask(name, `SELECT sum(x.v1), sum(y.v2), count(*) FROM x ${how} JOIN ${right} AS y USING (${key})`);
    await join("frame_j1_s", "small", "id1");
    await join("frame_j2_s", "medium", "id2");
    await join("frame_j3_s", "medium", "id2", "LEFT");
    await join("frame_j4_s", "medium", "id5");
    await join("frame_j5_s", "big", "id3");
  } else {
    await seconds("csv_s", () => table("x", where));
    const groups = (name, keys, values) => ask(name, `SELECT ${keys}, ${values} FROM x GROUP BY ${keys}`);
    await groups("frame_q1_s", "id1", "sum(v1)");
    await groups("frame_q2_s", "id1, id2", "sum(v1)");
    await groups("frame_q3_s", "id3", "sum(v1), avg(v3)");
    await groups("frame_q4_s", "id4", "avg(v1), avg(v2), avg(v3)");
    await groups("frame_q5_s", "id6", "sum(v1), sum(v2), sum(v3)");
    await groups("frame_q6_s", "id4, id5", "median(v3), stddev(v3)");
    await groups("frame_q7_s", "id3", "max(v1) - min(v2)");
    await groups("frame_q8_s", "id6", "unnest(max(v3, 2))");
    await groups("frame_q9_s", "id2, id4", "pow(corr(v1, v2), 2)");
    await groups("frame_q10_s", "id1, id2, id3, id4, id5, id6", "sum(v3), count(*)");
  }
}

async function polars() {
  const pl = bring("nodejs-polars");
  const { col } = pl;
  if (what === "brc") {
    const best = await seconds("seconds", () =>
      pl.scanCSV(where, { sep: ";", hasHeader: false }).groupBy("column_1")
        .agg(col("column_2").min().as("least"), col("column_2").mean().as("mean"),
             col("column_2").max().as("greatest")).collect());
    console.log("brc_gb_per_s", statSync(where).size / best / 1e9);
  } else if (what === "joins") {
    const [x, small, medium, big] = ["x", "small", "medium", "big"].map(
      (name) => pl.readCSV(`${where}/${name}.csv`));
    const join = (name, right, key, how = "inner") =>
      seconds(name, () => x.lazy().join(right.lazy().select(key, "v2"), { on: key, how })
        .select(col("v1").sum(), col("v2").sum(), col("v1").count().as("rows")).collect());
    await join("frame_j1_s", small, "id1");
    await join("frame_j2_s", medium, "id2");
    await join("frame_j3_s", medium, "id2", "left");
    await join("frame_j4_s", medium, "id5");
    await join("frame_j5_s", big, "id3");
  } else {
    let x;
    await seconds("csv_s", () => { x = pl.readCSV(where); });
    const groups = (name, keys, ...values) =>
      seconds(name, () => x.lazy().groupBy(keys).agg(...values).collect());
    const [v1, v2, v3] = ["v1", "v2", "v3"].map((name) => col(name));
    await groups("frame_q1_s", ["id1"], v1.sum());
    await groups("frame_q2_s", ["id1", "id2"], v1.sum());
    await groups("frame_q3_s", ["id3"], v1.sum(), v3.mean());
    await groups("frame_q4_s", ["id4"], v1.mean(), v2.mean(), v3.mean());
    await groups("frame_q5_s", ["id6"], v1.sum(), v2.sum(), v3.sum());
    await groups("frame_q6_s", ["id4", "id5"], v3.median(), v3.std().as("std"));
    await groups("frame_q7_s", ["id3"], v1.max().minus(v2.min()).as("range"));
    await seconds("frame_q8_s", () => x.lazy().select("id6", "v3").sort({ by: "v3", descending: true })
      .groupBy(["id6"]).agg(v3.head(2)).explode("v3").collect());
    await groups("frame_q9_s", ["id2", "id4"], pl.pearsonCorr(v1, v2).pow(2).as("r2"));
    await groups("frame_q10_s", ["id1", "id2", "id3", "id4", "id5", "id6"], v3.sum(),
                 v1.count().as("count"));
  }
}

await (peer === "duckdb" ? duckdb() : polars());
