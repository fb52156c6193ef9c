#!/usr/bin/env python3
"""Keeps README.md and docs/ true: their code runs, their commands and links exist.

  docs_test.py --root ROOT --extract PAGE OUT.cpp   the C++ blocks of a page as one source
  docs_test.py --root ROOT --run PAGE BLOCKS WEIR   runs the blocks of a page and compares what they print
  docs_test.py --root ROOT --check                  links, sentences of errors, names, pages and folders
  docs_test.py --self                               checks the checker

A comment on the line before a block steers:

  <!-- test: compile -->          is compiled, not run
  <!-- test: with above -->       uses the functions and types of the block before it
  <!-- test: alone -->            statements that stand in `main`, not in the body of weir::run
  <!-- test: fails -->            ends with status 1; the sentence on stderr is what is compared
  <!-- test: threads 4 -->        runs with that many worker threads (2 otherwise)
  <!-- test: ranks 3 -->          runs under `weir run -n 3`
  <!-- test: slurm -->            a shell block that runs beside a real Slurm, where one can start
  <!-- test: draws FILE -->       writes FILE, as in docs/pictures; WEIR_DOCS_DRAW=1 keeps it there
  <!-- test: not run, REASON -->  only looked at: the shell reads it, options of `weir` exist; C++ is left out

Without one: a C++ block with `main` is a program, another one stands in the body of `weir::run`, its
functions and types before it; a shell block runs in a folder with `./app`, the last program above it; TOML is
read as a configuration; Python must parse. What a block prints is the text after `// prints ` in it, line by
line, or the block ```text prints behind it; `...` stands for any text. A block that prints what nobody said
fails.
"""
import argparse
import ast
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from example_test import pattern_of

DEADLINE_S = 120
KNOWN_MARKS = ("compile", "with above", "alone", "fails", "threads", "ranks", "slurm", "draws", "not run")
LANGUAGES = ("cpp", "sh", "toml", "cmake", "python", "text", "")


class Block:
    def __init__(self, language, line, code, mark):
        self.language, self.line, self.code, self.mark = language, line, code, mark
        self.prints = None  # lines

    def is_marked(self, word):
        return any(part.strip().startswith(word) for part in self.mark.split(";"))

    @property
    def threads(self):
        found = re.search(r"threads (\d+)", self.mark)
        return found[1] if found else "2"


def blocks_of(text, page):
    """All fenced blocks, each with the output that the page states for it."""
    blocks, mark, fence = [], "", None
    for number, line in enumerate(text.splitlines(), 1):
        if fence is not None:
            if line.strip() == "```":
                language, _, rest = info.partition(" ")
                if language not in LANGUAGES:
                    raise SystemExit(f"{page}:{start}: a block must be one of {', '.join(LANGUAGES[:-1])} (got {language})")
                if language == "text" and rest == "prints":
                    if not blocks:
                        raise SystemExit(f"{page}:{start}: no block stands before this output")
                    blocks[-1].prints = fence
                elif language:
                    blocks.append(Block(language, start, fence, mark))
                fence, mark = None, ""
            else:
                fence.append(line)
        elif line.strip().startswith("```"):
            info, start, fence = line.strip()[3:].strip(), number, []
        elif found := re.fullmatch(r"\s*<!-- test: (.+?) -->\s*", line):
            mark = found[1]
            for part in mark.split(";"):
                if not part.strip().startswith(KNOWN_MARKS):
                    raise SystemExit(f"{page}:{number}: unknown mark (got {part.strip()})")
        elif line.strip():
            mark = ""
    for block in blocks:
        said = [m[1] for line in block.code if (m := re.search(r"// prints (.*)$", line))]
        if said and block.prints is None:
            block.prints = said
    return blocks


def items_of(code):
    """Cuts code into top-level items: (first line, text). A statement or definition ends with `;` or its `}`."""
    items, depth, at, begin = [], 0, 0, 0
    while at < len(code):
        c = code[at]
        if code.startswith("//", at):
            at = code.find("\n", at) if "\n" in code[at:] else len(code)
            continue
        if c == '"' or (c == "'" and not (at and code[at - 1].isalnum())):
            if c == '"' and at and code[at - 1] == "R":
                at = code.index(")\"", at) + 1
            else:
                at += 1
                while code[at] != c:
                    at += 2 if code[at] == "\\" else 1
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        ends = depth == 0 and (c == ";" or c == "}" and not re.match(r"\s*(?:[;,.()]|->|else\b|catch\b|while\b)", code[at + 1:]))
        at += 1
        if ends:
            begin += len(code[begin:at]) - len(code[begin:at].lstrip())
            items.append((code.count("\n", 0, begin), code[begin:at]))
            begin = at
    if code[begin:].strip() and not all(
        line.strip().startswith("//") or not line.strip() for line in code[begin:].splitlines()
    ):
        items.append((code.count("\n", 0, begin), code[begin:]))
    return items


def is_definition(item):
    """Whether an item stands outside of functions."""
    text = re.sub(r"//[^\n]*", "", item).strip()
    if re.match(r"(template|struct|class|enum|using|namespace|inline|constexpr)\b", text):
        return True
    if re.match(r"(if|for|while|switch|do|try|return|else|co_\w+)\b", text) or not text.endswith("}"):
        return False
    head = text.split("(")[0]
    return bool(re.fullmatch(r"[\w:<>,&*\s\[\]]+\s[&*]?\w+|.*\boperator\S+", head.strip(), flags=re.DOTALL)) and "=" not in head


def program_item(line, text):
    """An item of a whole program; its main becomes an ordinary function, which must return."""
    if not re.search(r"\bint main\(", text):
        return line, text
    head, _, _ = re.sub(r"\bint main\(", "int block_main(", text).rpartition("}")
    return line, head + "return 0; }"


def parts_of(block):
    """Includes, definitions and statements of a block, the latter two as (line, text)."""
    includes, code = [], []
    for line in block.code:
        is_include = re.match(r"\s*#\s*include\b|\s*#\s*pragma\b", line)
        if is_include:
            includes.append(line)
        code.append("" if is_include else line)
    text = "\n".join(code)
    if re.search(r"\bint main\(", text):
        return includes, [program_item(*item) for item in items_of(text)], None
    items = items_of(text)
    return includes, [i for i in items if is_definition(i[1])], [i for i in items if not is_definition(i[1])]


def source_of(text, page):
    """One C++ source with a function for each block."""
    name = re.sub(r"\W", "_", page)
    includes, body, rows, defined = [], [], [], []
    for number, block in enumerate(b for b in blocks_of(text, page) if b.language == "cpp"):
        if block.is_marked("not run"):
            continue
        more, definitions, statements = parts_of(block)
        includes += [i for i in more if i not in includes]
        placed = [(block.line + 1 + line, item) for line, item in definitions]
        defined = (defined if block.is_marked("with above") else []) + placed
        numbered = lambda items: "".join(f'\n#line {line} "{page}"\n{item.rstrip()}\n' for line,
                                         item in items)
        out = f"\nnamespace {name}_{number} {{\n{numbered(defined)}\n"
        if statements is None:
            out += "int block(int argc, char** argv) { return docs::call(block_main, argc, argv); }\n"
            defined = []
        else:
            inside = numbered((block.line + 1 + line, item) for line, item in statements)
            if block.is_marked("alone"):
                out += f"int block([[maybe_unused]] int argc, [[maybe_unused]] char** argv) {{\n{inside}\n  return 0;\n}}\n"
            else:
                out += ("int block(int argc, char** argv) {\n  return weir::run(argc, argv, [&]([[maybe_unused]] weir::Client& client) {\n"
                        f"    {{\n{inside}\n    }}\n  }});\n}}\n")
        body.append(out + "}\n")
        rows.append(f'const docs::Row row_{name}_{number}{{"{page}:{block.line}", {name}_{number}::block}};\n')
    return '#include "docs/blocks.hpp"\n' + "\n".join(includes) + "\n" + "".join(body) + "\nnamespace {\n" + "".join(rows) + "}\n"


def drawn_wrong(block, root, folder):
    """What is wrong with the picture a block must have drawn."""
    found = re.search(r"draws ([\w.]+)", block.mark)
    if not found:
        return ""
    made, kept = Path(folder, found[1]), root / "docs/pictures" / found[1]
    if not made.exists():
        return f"must write {found[1]}"
    if os.environ.get("WEIR_DOCS_DRAW"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(made.read_text())
    if not kept.exists():
        return f"there is no {kept}; scripts/docs --pictures draws it"
    texts = [
        re.findall(r"<text[^>]*>([^<]*)</text>|<(polygon|ellipse|path)\b", file.read_text())
        for file in (made, kept)
    ]
    return "" if texts[0] == texts[1] else f"draws another picture than {kept}; scripts/docs --pictures draws it anew"


def execute(command, folder, environment):
    process = subprocess.Popen(command, cwd=folder, env=environment, text=True, start_new_session=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        return None, "", f"did not end within {DEADLINE_S} s"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, out, err


def environment_for(weir, block, folder):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WEIR_")}
    return kept | {"PATH": f"{weir.parent}:{kept.get('PATH', '')}", "WEIR_THREADS": block.threads, "HOME": folder,
                   "XDG_STATE_HOME": os.path.join(folder, "state"), "XDG_CONFIG_HOME": os.path.join(folder,
                       "config")}


def compare(block, status, out, err):
    """What is wrong with the run of a block; empty if nothing is."""
    wanted = 1 if block.is_marked("fails") else 0
    if status != wanted:
        return f"must end with status {wanted} (got {status})\n{out}{err}"
    said = err if block.is_marked("fails") else out
    said += "" if said.endswith("\n") or not said else "\n"
    if not pattern_of(block.prints or []).fullmatch(said):
        return "must print\n  " + "\n  ".join(block.prints or ["nothing"]) + "\nbut printed\n  " + said.replace("\n", "\n  ")
    return ""


def options_that_do_not_exist(code, weir):
    """Long and short options of `weir COMMAND` lines that its help does not name."""
    wrong = []
    for line in "\n".join(code).replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words and re.match(r"\w+=", words[0]):
            words.pop(0)
        if len(words) < 2 or words[0] != "weir" or words[1].startswith("-"):
            continue
        status, out, err = execute([str(weir), words[1], "--help"], None, dict(os.environ))
        if status != 0:
            wrong.append(f"weir has no command {words[1]}: {err.strip()}")
            continue
        takes_value = set(re.findall(r"(-{1,2}[\w-]+)(?:,-{1,2}[\w-]+)* [A-Z]", out)) | set(re.findall(r",(-{1,2}[\w-]+) [A-Z]", out))
        rest = words[2:]
        while rest and rest[0].startswith("-"):
            option = rest.pop(0).split("=")[0]
            if not re.search(re.escape(option) + r"(?![\w-])", out):
                wrong.append(f"weir {words[1]} has no option {option}")
            if option in takes_value and rest:
                rest.pop(0)
    return wrong


def look_at(block, weir, folder):
    """What is wrong with a block that is not run."""
    if block.language != "sh":
        return ""
    status, _, err = execute(["sh", "-n", "-c", "\n".join(block.code)], folder, dict(os.environ))
    return err if status else "\n".join(options_that_do_not_exist(block.code, weir))


def run_block(block, place, app, root, program, weir, folder):
    """What is wrong with a block; empty if nothing is. `app` is the place of the program before it."""
    environment = environment_for(weir, block, folder)
    if app:
        Path(folder, "app").write_text(f"#!/bin/sh\nexec {program} {app} \"$@\"\n")
        os.chmod(Path(folder, "app"), 0o755)
    if block.is_marked("not run"):
        return look_at(block, weir, folder)
    if block.language == "cpp":
        if block.is_marked("compile"):
            return ""
        ranks = re.search(r"ranks (\d+)", block.mark)
        command = ([str(weir), "run", "-n", ranks[1]] if ranks else []) + [str(program), place]
        return compare(block, *execute(command, folder, environment)) or drawn_wrong(block, root, folder)
    if block.language == "sh":
        beside = [str(root / "tests/support/with_slurm")] if block.is_marked("slurm") else []
        status, out, err = execute([*beside, "sh", "-e", "-c", "\n".join(block.code)], folder, environment)
        return look_at(block, weir, folder) if beside and status == 77 else compare(block, status, out, err)
    if block.language == "toml":
        Path(folder, "weir.toml").write_text("\n".join(block.code) + "\n")
        status, _, err = execute([str(weir), "script", "--slurm", "-n", "2", "./app"], folder,
                                 environment | {"WEIR_CONFIG": "weir.toml"})
        return err if status else ""
    if block.language == "python":
        try:
            ast.parse("\n".join(block.code))
        except SyntaxError as error:
            return str(error)
        return ""
    return "" if block.language == "text" else "must be marked as not run, with the reason"


def run_page(root, page, program, weir):
    failures, app = 0, None
    for block in blocks_of((root / page).read_text(), page):
        place = f"{page}:{block.line}"
        with tempfile.TemporaryDirectory() as folder:
            wrong = run_block(block, place, app, root, program, weir, folder)
        if block.language == "cpp" and not block.is_marked("not run") and "int main(" in "\n".join(block.code):
            app = place
        if wrong:
            failures += 1
            print(f"{place}: {wrong}")
    return 1 if failures else 0


def pages_of(root):
    pages = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("benchmarks/*.md"),
             root / "examples/README.md", root / "src/README.md"]
    return sorted(str(page.relative_to(root)) for page in pages if page.exists())


def broken_links(root):
    wrong = []
    for page in pages_of(root):
        text = re.sub(r"```.*?```", "", (root / page).read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text):
            if re.match(r"\w+:|#", target):
                continue
            path, _, anchor = target.partition("#")
            file = (root / page).parent / path
            if not file.exists():
                wrong.append(f"{page}: there is no {target}")
            elif anchor and file.suffix == ".md" and anchor not in anchors_of(file.read_text()):
                wrong.append(f"{page}: {path} has no section {anchor}")
    return wrong


def anchors_of(text):
    return {
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
        for title in re.findall(r"(?m)^#+ (.+)$", text)
    }


def literals_of(source):
    """The string literals of a source, those that follow each other joined, parts of a sentence marked by a newline."""
    source = re.sub(r'"\s*\\?\n\s*"', "", source)
    return "\n".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', source))


def unknown_sentences(root):
    """Sentences of the errors page that the source does not contain. `...` stands for what a program puts in."""
    page = root / "docs/errors.md"
    if not page.exists():
        return []
    files = [
        p for folder in ("src", "include") for p in (root / folder).rglob("*") if p.suffix in (".cpp", ".hpp")
    ]
    said = "\n".join(literals_of(p.read_text()) for p in files).replace("\\\"", "\"")
    wrong = []
    for row in re.findall(r"(?m)^\| `(.+?)` \|", page.read_text()):
        for piece in re.split(r"\.\.\.", row.replace("\\|", "|")):
            if len(piece.strip(" '():,")) > 2 and piece.strip() not in said:
                wrong.append(f"docs/errors.md: no sentence of the source contains '{piece.strip()}' (of: {row})")
    return wrong


def unknown_words(root):
    """Commands of `weir` and names of the interface that pages or sentences name, and that there are not."""
    table = root / "src/tool/main.cpp"
    if not table.exists():
        return []
    commands = set(re.findall(r'Command\{"(\w+)"', table.read_text()))
    headers = (root / "include").rglob("*.hpp")
    names = {name for header in headers for name in re.findall(r"\w+", header.read_text())}
    sources = [str(p.relative_to(root)) for part in ("src", "include") for p in (root / part).rglob("*.[ch]pp")]
    wrong = []
    pages = [page for page in pages_of(root) if page != "CHANGELOG.md"]  # which tells of old ones
    for file in pages + sources:
        text = re.sub(r"```.*?```", "", (root / file).read_text(), flags=re.DOTALL)
        for span in re.findall(r"`([^`\n]+)`", text):
            wrong += [f"{file}: there is no `weir {word}`" for word in re.findall(r"^weir ([a-z]\w*)", span)
                      if word not in commands]
            wrong += [f"{file}: there is no weir::{name}" for name in re.findall(r"\bweir::(?:\w+::)*(\w+)", span)
                      if name not in names]
    return sorted(set(wrong))


def pages_without_an_index(root):
    """Pages of docs/ that neither docs/README.md nor the README of their folder names."""
    wrong = []
    for page in root.glob("docs/**/*.md"):
        index = page.parent / "README.md"
        if page.name == "README.md":
            continue
        if not index.exists() or f"({page.name})" not in index.read_text():
            wrong.append(f"docs: {page.relative_to(root)} is not in {index.relative_to(root)}")
    return wrong


def folders_off_the_map(root):
    """Folders of src/ without a paragraph in src/README.md, those of one batch system apart, and paragraphs without a folder."""
    page = root / "src/README.md"
    if not page.exists():
        return []
    named = set(re.findall(r"(?m)^ *\* \*\*([\w/]+)\*\*", page.read_text().split("## Words")[0]))
    there = {str(folder.relative_to(root / "src")) for folder in (root / "src").rglob("*")
             if any(folder.glob("*.cpp")) or any(folder.glob("*.hpp"))}
    missing = {folder for folder in there if not folder.startswith("batch/") and folder not in named}
    places = ("src", "include/weir/detail", "include/weir")
    gone = {folder for folder in named - {"snapshot"}
            if not any((root / place / folder).exists() for place in places)}
    return [f"src/README.md: says nothing of {folder}" for folder in sorted(missing)] + \
        [f"src/README.md: there is no folder {folder}" for folder in sorted(gone)]


class DocsTest(unittest.TestCase):
    def test_finds_blocks_marks_and_outputs(self):
        text = "x\n<!-- test: compile; threads 4 -->\n\n```cpp\nf();  // prints 3\n```\nIt prints\n\n```text prints\na\n...\n```\n```sh\nls\n```\n"
        first, second = blocks_of(text, "page")
        self.assertEqual((first.language, first.line, first.prints, first.threads),
                         ("cpp", 4, ["a", "..."], "4"))
        self.assertTrue(first.is_marked("compile"))
        self.assertEqual((second.language, second.mark, second.prints), ("sh", "", None))

    def test_refuses_marks_and_languages_it_does_not_know(self):
        for text in ("<!-- test: skip -->\n", "```rust\n```\n", "```text prints\n```\n"):
            with self.assertRaises(SystemExit):
                blocks_of(text, "page")

    def test_tells_definitions_from_statements(self):
        code = ("int inc(int x) { return x + 1; }\nstruct P { int x; };\nstd::ostream& operator<<(std::ostream& o, P) { return o; }\n"
                "std::vector<int> f(const P& p) { return {}; }\nweir::Stream<int> s;\nfor (int i : {1, 2}) { s.emit(i); }\n"
                "const auto g = [](int x) { return x; };\nif (a) { b(); } else { c(); }\ncluster{{.a = \"x};\"}};\nchar c = '}';\n// end\n")
        items = [text.strip() for _, text in items_of(code)]
        self.assertEqual([is_definition(i) for i in items], [True] * 4 + [False] * 6)

    def test_puts_statements_into_the_body_and_programs_into_a_function(self):
        source = source_of("```cpp\n#include <map>\nint f() { return 1; }\nf();\n```\n```cpp\nint main() {}\n```\n",
                           "a.md")
        self.assertIn("#include <map>", source.split("namespace")[0])
        self.assertIn("weir::run(argc, argv", source)
        self.assertIn("int block_main() {return 0; }", source)
        self.assertIn('{"a.md:1", a_md_0::block}', source)
        self.assertIn('#line 3 "a.md"\nint f() { return 1; }', source)

    def test_compares_what_is_printed_and_how_it_ends(self):
        block = Block("cpp", 1, [], "")
        self.assertIn("must print\n  nothing", compare(block, 0, "3\n", ""))
        block.prints = ["3 ..."]
        self.assertEqual(compare(block, 0, "3 4\n", ""), "")
        self.assertIn("status 0 (got 1)", compare(block, 1, "3 4\n", ""))
        block.mark = "fails"
        self.assertEqual(compare(block, 1, "", "3 x\n"), "")
        self.assertIn("must print", compare(block, 1, "", "4\n"))

    def test_reads_sentences_over_several_literals(self):
        self.assertEqual(literals_of('f("a: must be " + x\n  "one"\n     " (got ")'),
                         "a: must be \none (got ")

    def test_checks_sentences_links_and_indexes(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for part in ("src", "include", "docs"):
                (root / part).mkdir()
            (root / "src/a.cpp").write_text('throw E("f: size must be 1 (got " + n + ")");')
            (root / "docs/errors.md").write_text("| `f: size must be 1 (got ...)` | x |\n| `f: size must be 2 (got ...)` | x |\n")
            (root / "docs/README.md").write_text("[a](none.md) [b](README.md#it-is) [c](README.md#no)\n# It is\n")
            self.assertEqual(len(unknown_sentences(root)), 1)
            self.assertEqual(broken_links(root),
                             ["docs/README.md: there is no none.md", "docs/README.md: README.md has no section no"])
            (root / "src/core").mkdir()
            (root / "src/core/a.cpp").write_text("")
            (root / "src/tool").mkdir()
            (root / "src/tool/main.cpp").write_text('Command{"run"}, "`weir jobs` shows them"')
            (root / "docs/words.md").write_text("`weir run x`, `weir::run`, `a weir::op::gone(f)`, ```weir x```")
            (root / "include/run.hpp").write_text("int run();")
            self.assertEqual(unknown_words(root), ["docs/words.md: there is no weir::gone",
                                                   "src/tool/main.cpp: there is no `weir jobs`"])
            shutil.rmtree(root / "src/tool")
            (root / "docs/words.md").unlink()
            (root / "src/README.md").write_text("* **heart** beats\n## Words\n* **core**: x\n")
            self.assertEqual(folders_off_the_map(root),
                             ["src/README.md: says nothing of core", "src/README.md: there is no folder heart"])
            self.assertEqual(pages_without_an_index(root), ["docs: docs/errors.md is not in docs/README.md"])


def main():
    if sys.argv[1:] == ["--self"]:
        return unittest.main(argv=sys.argv[:1])
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, default=Path("."))
    parser.add_argument("--extract", nargs=2)
    parser.add_argument("--run", nargs=3)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.extract:
        page, out = options.extract
        Path(out).write_text(source_of((options.root / page).read_text(), page))
        return 0
    if options.run:
        page, program, weir = options.run
        return run_page(options.root.resolve(), page, Path(program).resolve(), Path(weir).resolve())
    checks = (broken_links, unknown_sentences, unknown_words, pages_without_an_index, folders_off_the_map)
    wrong = [fault for check in checks for fault in check(options.root)]
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
