import { AnhError } from "../../common/errors.ts";
import { ensureContracts } from "../build.ts";
import { chooseLie, parseLie, profileOf } from "../demo/lie.ts";
import { graphsOf, trainingPlans } from "../demo/plans.ts";
import { table } from "../demo/table.ts";
import { jsonTeller, type Teller, textTeller } from "../demo/teller.ts";
import { EXIT } from "../exit.ts";
import { chosenDataDir, temporaryDataDir } from "../stack/data-dir.ts";
import { freePorts } from "../stack/ports.ts";
import { isInteractive } from "../terminal.ts";

interface DemoOptions {
  readonly json: boolean;
  readonly lie: string;
  readonly randomSeed: string;
  readonly listNodes: boolean;
  readonly dataDir?: string;
}

/** `anh demo`: the main job, from an empty machine to a slashed cheat and a withdrawal. */
export async function demo(options: DemoOptions): Promise<void> {
  const lie = parseLie(options.lie);
  const randomSeed = Number(options.randomSeed);
  if (!Number.isSafeInteger(randomSeed) || randomSeed < 0)
    throw new AnhError("usage", `--random-seed is "${options.randomSeed}"`, {
      expected: "a whole number",
      actual: options.randomSeed,
    });
  if (options.listNodes) {
    await listLieNodes(options, profileOf(lie), randomSeed);
    return;
  }
  const plan = trainingPlans(profileOf(lie))[1]!;
  // What cannot be is refused before anything is started.
  const { name, element, elements } = chooseLie(lie, graphsOf(plan, randomSeed).train.graph, plan.steps, randomSeed);
  const named = options.dataDir === undefined ? undefined : chosenDataDir(options.dataDir);
  await ensureContracts();
  const dataDir = named ?? temporaryDataDir("anh-demo-");
  // Its clock runs from here: compiling is no part of the story.
  const teller = openTeller(options.json);
  const modulo = element === lie.element ? "" : ` (${lie.element} modulo its ${elements} elements)`;
  const [l1Port, l2Port] = (await freePorts(2)) as [number, number];
  teller.tell(
    "demo",
    { dataDir, l1Port, l2Port, lie: { ...lie, node: name, element }, randomSeed },
    `data and logs: ${dataDir}; B's first executor will falsify element ${element}${modulo} of ${name} in step ${lie.step}`,
  );
  const { tellStory } = await import("../demo/story.ts");
  const outcome = await tellStory({ dataDir, l1Port, l2Port, lie, randomSeed }, teller);
  const { closingTable } = await import("../demo/closing.ts");
  teller.finish(outcome, closingTable(outcome, dataDir));
  process.exitCode = outcome.ok ? EXIT.ok : EXIT.failed;
}

const openTeller = (json: boolean): Teller =>
  json
    ? jsonTeller((line) => process.stdout.write(line))
    : textTeller({
        write: (text) => process.stdout.write(text),
        isTty: isInteractive(process.stdout),
        nowMs: () => performance.now(),
      });

async function listLieNodes(options: DemoOptions, profile: "strict" | "tolerant", randomSeed: number): Promise<void> {
  const [{ listNodes }, { refusal }] = await Promise.all([
    import("../../verifier/model/nodes.ts"),
    import("../demo/lie.ts"),
  ]);
  const plan = trainingPlans(profile)[1]!;
  const nodes = listNodes(graphsOf(plan, randomSeed).train.graph, profile);
  if (options.json) {
    for (const node of nodes) console.log(JSON.stringify({ ...node, refused: refusal(node, profile) ?? null }));
    return;
  }
  const rows = nodes.map((node) => [
    node.name,
    node.op,
    node.type,
    node.rule,
    refusal(node, profile) === undefined ? "yes" : "no",
  ]);
  console.log(table(["name", "op", "output", "rule", "can be lied about"], rows));
}
