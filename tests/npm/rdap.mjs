// SPDX-License-Identifier: MIT
// node rdap.mjs SERVICE CLIENT KIND WORD: asks the client, whose bootstrap files are those of our service instead of IANA's,
// and prints what it makes of the answer as JSON.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [service, client, kind, word] = process.argv.slice(2);
const found = fetch;
const asked = [];

globalThis.fetch = (url, options) => {
  const at = String(url).replace("https://data.iana.org/rdap/", `${service}/registry/`);
  if (!at.startsWith(`${service}/`)) throw new Error(`${at} is not ours`);
  asked.push(at.slice(service.length));
  return found(at, options);
};

const require = createRequire(pathToFileURL(`${process.env.ALAMO_NPM}/`));
const library = await import(pathToFileURL(require.resolve(client)));
const answer = client === "node-rdap"
  ? await library[kind](kind === "autnum" ? Number(word) : word)
  : await library.lookup(word, { rdapOnly: true });
console.log(JSON.stringify({ answer, asked }));
