import { expect, test } from "vitest";
import { colourEnvironment, isInteractive } from "../../cli/terminal.ts";

const terminal = { isTTY: true };
const pipe = {};
const PLAIN = { NO_COLOR: "1", FORCE_COLOR: undefined };
const COLOUR = { NO_COLOR: undefined, FORCE_COLOR: "1" };

test.each([
  [pipe, {}, false],
  [{ isTTY: undefined }, {}, false],
  [terminal, { CI: "true" }, false],
  [terminal, { TERM: "dumb" }, false],
  [terminal, { CI: "", TERM: "xterm" }, true],
])("isInteractive of %j in %j is %s", (screen, env, expected) => expect(isInteractive(screen, env)).toBe(expected));

test.each([
  ["a pipe is plain", pipe, {}, PLAIN],
  ["a pipe in CI is plain, though tools colour there", pipe, { CI: "1" }, PLAIN],
  ["NO_COLOR wins on a terminal", terminal, { NO_COLOR: "1" }, PLAIN],
  ["NO_COLOR wins over FORCE_COLOR", terminal, { NO_COLOR: "1", FORCE_COLOR: "1" }, PLAIN],
  ["an empty NO_COLOR says nothing", terminal, { NO_COLOR: "" }, COLOUR],
  ["FORCE_COLOR=0 asks for nothing", pipe, { FORCE_COLOR: "0" }, PLAIN],
  ["FORCE_COLOR colours a pipe", pipe, { FORCE_COLOR: "1" }, COLOUR],
  ["a terminal is coloured", terminal, {}, COLOUR],
])("%s", (_, screen, env, expected) => expect(colourEnvironment(screen, env)).toEqual(expected));
