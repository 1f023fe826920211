// Goes before everything else in each process of Slipway's (`node --require`): TypeScript without a compiler, by tsx.
//
// Two things are kept from every start, a second of processor time for each process:
// - tsx also reads every JavaScript file of every package. Those are Node.js' own to load.
// - Pulumi's SDK loads the TypeScript compiler and npm's dependency solver, for functions that are to be serialized.
//   Nothing here is, so they are loaded when they are asked for something.
const Module = require("node:module");

const { ".js": javascript } = Module._extensions;
require("tsx/cjs");
Module._extensions[".js"] = javascript;

const whenUsed = new Set(["typescript", "@npmcli/arborist"]);
const load = Module._load;
Module._load = function (request, parent, isMain) {
    const now = () => load.call(this, request, parent, isMain);
    if (!whenUsed.has(request) || !parent?.filename?.includes("@pulumi")) return now();
    // The SDK takes a module that says `__esModule` as it is, and doesn't copy what is in it.
    return new Proxy({}, { get: (_, name) => name === "__esModule" || now()[name] });
};
