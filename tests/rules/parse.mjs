// DHIS2's own expression parser. Reads [[mode, expression], ...] as JSON on stdin, prints what it says against each, or "".
// The first argument is the folder into which npm installed the parser.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const where = process.argv[2] + "/node_modules/@dhis2/expression-parser/expression-parser.mjs";
const { ExpressionJs, ExpressionMode } = await import(pathToFileURL(where));

function fault([mode, expression]) {
  try {
    new ExpressionJs(expression, ExpressionMode.valueOf(mode));
    return "";
  } catch (error) {
    return String(error.message || error).split("\n")[0] || "refused";
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(fault)));
