// A sample of Ethereum's published state tests; `ANH_LONG=1` runs all of them.
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { applies, type Fork, runStateTest, type StateTest } from "./state-test.ts";

const vectors = process.env.ANH_VECTORS ?? new URL("../../../../shared/vectors", import.meta.url).pathname;
const long = process.env.ANH_LONG !== undefined;
const folder = mkdtempSync(join(tmpdir(), "anh-vectors-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Minutes each: loops and spam. */
const SLOW =
  /vmPerformance|stTimeConsuming|stAttackTest|stQuadraticComplexityTest|static_Call50000|LoopCallsDepth|stStaticCall\/static_Loop/;
/** The few that carry EIP-7702 authorizations, or prove points of polynomials. */
const ALWAYS = /set_code|transaction_gas_limit_cap|authorized_tx|point_evaluation_precompile/;
/** EIP-7610: storage at an address without nonce or code. No such account can come to be on ANH. */
const UNREACHABLE = /RevertInCreateInInit|create2collisionStorage|dynamicAccountOverwriteEmpty|InitCollision/;
/**
 * These meet P12.2's caps: 6M gas of a precompile, 131,072 bytes hashed, logged or given to one. With the caps lifted they give the
 * published roots (but MaxRounds, which then computes for hours).
 */
const CAPPED =
  /test_vectors_from_eip\[fork_Osaka-state_test-256byte-all-params\]|CALLBlake2f_MaxRounds|CALL(CODE)?Blake2f\.json .* 42$|vmTests\/sha3\.json sha3 3$|randomStatetest(163|185|326|36|418|476|547|583)\.json/;

function unpack(archive: string, path: string): string | undefined {
  const file = join(vectors, archive);
  if (!existsSync(file)) return undefined;
  execFileSync("tar", ["xJf", file, "-C", folder, path]);
  return join(folder, path);
}

/** Every `stride`-th test of the files, slow ones only on demand. */
function sample(root: string, fork: Fork, stride: number) {
  const files = globSync("**/*.json", { cwd: root }).sort();
  const kept = files.filter((file) => !UNREACHABLE.test(file) && (long || !SLOW.test(file)));
  const stepped = kept.filter((file, i) => long || i % stride === 0 || ALWAYS.test(file));
  return stepped.flatMap((file) =>
    Object.entries(JSON.parse(readFileSync(join(root, file), "utf8")) as Record<string, StateTest>).flatMap(
      ([name, stateTest]) =>
        (stateTest.post[fork] ?? [])
          .filter((post) => applies(stateTest, post))
          .map((post, i) => ({ name: `${file} ${name.split("::").at(-1)} ${i}`, stateTest, post }))
          .filter((one) => !CAPPED.test(one.name)),
    ),
  );
}

const sources = [
  { fork: "Osaka", archive: "execution-spec-tests-osaka.tar.xz", path: "execution-spec-tests", stride: 2 },
  { fork: "Cancun", archive: "ethereum-tests.tar.xz", path: "ethereum-tests/GeneralStateTests", stride: 40 },
] as const;

describe.each(sources)("$fork state tests", ({ fork, archive, path, stride }) => {
  test("give the published roots and logs", { timeout: long ? 14_400_000 : 300_000 }, async (context) => {
    const root = unpack(archive, path);
    if (root === undefined) return context.skip(`no ${archive} in ${vectors}`);
    const cases = sample(root, fork, stride);
    expect(cases.length).toBeGreaterThan(50);
    const wrong: string[] = [];
    for (const { name, stateTest, post } of cases) {
      const { hash, logs } = await runStateTest(stateTest, post, fork);
      if (hash !== post.hash || logs !== post.logs) wrong.push(name);
    }
    expect(wrong).toEqual([]);
    context.annotate(`${cases.length} cases`);
  });
});
