/* Ask the site's own search under node: a file of the index and questions in, entries out, as JSON. */
"use strict";
const { readFileSync } = require("node:fs");
const { runInThisContext } = require("node:vm");

const [script, index] = process.argv.slice(2);
runInThisContext(readFileSync(script, "utf8"));
runInThisContext(readFileSync(index, "utf8"));
const search = runInThisContext("new BackbonesSearch(backbonesIndex)");
const { questions = [], texts = [], pairs = [] } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify({
  found: questions.map((question) => search.find(question).map(({ uri, title }) => [uri, title])),
  words: texts.map((text) => search.words(text)),
  errors: pairs.map(([a, b]) => runInThisContext("errors")(a, b, 2)),
}));
