// What the Arrow project's library says of a file, and files that it writes: check | read FILE | write FILE STREAM
const fs = require("fs");
const peers = __dirname + "/../../build/peers/node_modules/apache-arrow";
const arrow = require(fs.existsSync(peers) ? peers : "apache-arrow");

const [what, path, stream] = process.argv.slice(2);
if (what === "check") console.log("ready");
if (what === "read") {
  const table = arrow.tableFromIPC(fs.readFileSync(path));
  console.log(table.schema.fields.map((field) => `${field.name} ${field.type}`).join(" "));
  console.log(`${table.batches.length} batches`);
  const text = (value, name) => {
    if (value === null) return "null";
    if (name === "day") return String(Math.round(Number(value) / 86400000));
    return String(name === "moment" ? Number(value) : value);
  };
  for (let i = 0; i < table.numRows; ++i)
    console.log(table.schema.fields.map((field) => text(table.getChild(field.name).get(i), field.name)).join(" "));
}
if (what === "write") {
  const column = (values, type) => arrow.vectorFromArray(values, type);
  const day = (text) => (text === null ? null : new Date(text));
  const table = new arrow.Table({
    small: column([1, -2, 3], new arrow.Int8()),
    wide: column([10n, null, 30n], new arrow.Int64()),
    real: column([0.5, null, 2.5], new arrow.Float32()),
    word: column(["red", "blue", "red"], new arrow.Dictionary(new arrow.Utf8(), new arrow.Int16())),
    flag: column([true, null, false], new arrow.Bool()),
    day: column([day("2015-03-01"), day("1969-12-31"), null], new arrow.DateMillisecond()),
  });
  fs.writeFileSync(path, arrow.tableToIPC(table, "file"));
  fs.writeFileSync(stream, arrow.tableToIPC(table, "stream"));
}
