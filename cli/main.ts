import { readFileSync } from "node:fs";
import { Command, CommanderError, Help } from "commander";
import { AnhError } from "../common/errors.ts";
import { EXIT, exitCodeOf } from "./exit.ts";
import { httpUrl } from "./http-url.ts";
import { ROOT } from "./paths.ts";

const program = new Command("anh")
  .description("An Ethereum-compatible layer-2 on which a smart contract can train and run large neural networks.")
  .version(JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")).version)
  // Mistakes are told by `report`, like every other error.
  .configureOutput({ outputError: () => {} })
  .exitOverride()
  .helpCommand(false)
  .configureHelp({
    optionDescription(option) {
      const words = Help.prototype.optionDescription.call(this, option);
      return option.mandatory ? `${words} (required)` : words;
    },
  })
  .addHelpText(
    "after",
    "\nExit codes: 0 done (Ctrl-C ends a `dev` that is ready), 1 failed, 2 usage, 69 a port is taken or no node answers," +
      "\n78 cannot be set up, 130 interrupted." +
      "\nWith --json, stdout holds JSON alone, errors included. NO_COLOR and CI are honoured.",
  );

// Each command is imported when it is used, so that none pays for another's libraries.
program
  .command("demo")
  .description("the whole story on real MNIST: deposit, train, cheat, dispute, settle, withdraw")
  .option("--json", "NDJSON events on stdout; the last line is the summary", false)
  .option(
    "--lie <step:node:element:amount>",
    "the lie of job B's first executor, e.g. 5:any:7:1ulp",
    "137:any:4242:1ulp",
  )
  .option("--random-seed <n>", "what `any` and other free choices are drawn with", "1")
  .option("--list-nodes", "print the training graph's nodes that can be lied at, then exit", false)
  .option("--data-dir <path>", "where the run keeps its data (default: a new temporary folder)")
  .action(async (options) => (await import("./commands/demo.ts")).demo(options));

program
  .command("dev")
  .description("L1 and L2 for a developer: keeps the stack running until interrupted")
  .option("--json", "one JSON line when ready, for scripts", false)
  .option("--l1-port <port>", "port of the embedded L1", "8545")
  .option("--l2-port <port>", "port of the L2 node", "9545")
  .option(
    "--genesis <file>",
    "a go-ethereum genesis whose accounts the L2 begins with; balances are paid in through L1",
  )
  .option("--data-dir <path>", "where the stack keeps its data (default: a new temporary folder)")
  .option("--no-executor", "leave the executing to one of yours (./anh executor run)")
  .option("--no-challenger", "leave the checking to one of yours (./anh challenger run)")
  .action(async (options) => (await import("./commands/dev.ts")).dev(options));

const PRECISION = "what the factors of products are rounded to: fp32, tf32, bf16 or fp16";

const model = program.command("model").description("models before and after their training");

model
  .command("check <file>")
  .description("name every node of an ONNX file that cannot be run or proven; say what training it costs")
  .option("--json", "one JSON object on stdout", false)
  .option("--batch-rows <n>", "rows of a training step, and the size of every unnamed symbolic dimension", "64")
  .option(
    "--dim <name=size>",
    "size of a symbolic dimension; may be repeated",
    (word, list: string[]) => [...list, word],
    [],
  )
  .option(
    "--freeze <tensor>",
    "a tensor of the model that training leaves as it is: a table, a layer; may be repeated",
    (word, list: string[]) => [...list, word],
    [],
  )
  .option("--precision <name>", PRECISION, "fp32")
  .action(async (file: string, options) => (await import("./commands/model.ts")).checkModel(file, options));

model
  .command("pull <claim>")
  .description("the weights a claimed training ended in, checked against the claim")
  .requiredOption("--out <file>", "a .safetensors file of all state tensors, or the inference as an .onnx file")
  .option("--json", "one JSON object on stdout", false)
  .requiredOption("--chain-file <path>", "the chain's addresses and clocks, as `dev` and `demo` write it")
  .option("--l1-url <url>", "an L1 node", httpUrl("l1-url"), "http://127.0.0.1:8545")
  .option("--node-url <url>", "an L2 node that holds what the job names", httpUrl("node-url"), "http://127.0.0.1:9545")
  .action(async (claim: string, options) => (await import("./commands/pull.ts")).pullModel(claim, options));

program
  .command("dataset")
  .description("data to train and evaluate on")
  .command("add <file>")
  .description("store tensors of a safetensors file at a node; prints the root that contracts name them by")
  .requiredOption("--tensors <names>", "their names, comma-separated, in the order in which they feed a batch")
  .option("--json", "one JSON object on stdout", false)
  .option("--node-url <url>", "an L2 node", httpUrl("node-url"), "http://127.0.0.1:9545")
  .action(async (file: string, options) => (await import("./commands/dataset.ts")).addDataset(file, options));

const job = program.command("job").description("jobs: make one from your network, compute a claimed run again");

job
  .command("create")
  .description(
    "from your ONNX network and a dataset to the transaction that asks for its training, or for weights that somebody trains",
  )
  .requiredOption("--model <file>", "an ONNX file, opset 13 or newer; its weights are where the training starts")
  .requiredOption("--dataset <file>", "a safetensors file: a tensor of each input's name and one more, the target")
  .requiredOption("--loss <name>", "ce (classes on the last axis), mse or bce")
  .requiredOption(
    "--optimizer <name:rate>",
    "sgd:0.1, momentum:0.1[,0.9], adam:0.001[,beta1,beta2] or adamw:0.001[,decay,…]",
  )
  .requiredOption("--steps <n>", "steps of the training")
  .requiredOption("--requester <address>", "the contract that will call Dnn.train: nobody else can ask for this job")
  .option("--json", "one JSON object on stdout", false)
  .option("--batch-rows <n>", "rows of a step", "64")
  .option("--evaluate-batch-rows <n>", "rows of an evaluation's step (default: as --batch-rows)")
  .option(
    "--dim <name=size>",
    "size of a symbolic dimension that is not the batch; may be repeated",
    (word, list: string[]) => [...list, word],
    [],
  )
  .option("--output <name>", "the output that is scored and answered with (default: the first)")
  .option("--last-position", "of an output [rows, positions, …], answer with the last position alone", false)
  .option("--scale <factor>", "whole numbers become float inputs times this, e.g. 1/255")
  .option("--ignore-label <n>", "a label that counts for nothing, with ce")
  .option("--clip-norm <n>", "shorten the gradient to at most this norm")
  .option("--schedule <name>", "linear or cosine: the learning rate goes down to 0 over the steps")
  .option("--warmup-steps <n>", "steps in which a scheduled rate goes up", "0")
  .option("--profile <name>", "strict (bit for bit) or tolerant (within an error bound)", "strict")
  .option("--column <name>", "of tolerant: cpu, or gpu, whose bound graphics processors keep too", "cpu")
  .option(
    "--freeze <tensor>",
    "a tensor of the model that training leaves as it is: a table, a layer; may be repeated",
    (word, list: string[]) => [...list, word],
    [],
  )
  .option("--precision <name>", PRECISION, "fp32")
  .option(
    "--loss-scale <n>",
    "compute gradients of n times the loss, and divide by n (default: 1024 with fp16, else 1)",
  )
  .option("--step-roots", "commit to each step's values, not to each segment's end alone", false)
  .option("--soft", "calls go on with a result that is claimed but not final yet", false)
  .option("--sequential-rows", "read the rows in order, once, instead of at random", false)
  .option("--draw-weights", "begin with other weights than the file's, as far apart, drawn from the job's seed", false)
  .option(
    "--held-out <file>",
    "rows like the dataset's: buy weights that answer these rightly; the training is a suggestion",
  )
  .option("--samples <n>", "with --held-out: so many of its rows are drawn, once weights were delivered")
  .option("--min-correct <n>", "with --held-out: so many of the samples must be answered rightly")
  .option("--price-eth <n>", "with --held-out: what the weights are paid with")
  .option("--deliverer <address>", "with --held-out: who alone may deliver; the rows are kept back until it has")
  .option("--salt <n>", "tells apart jobs that are equal in all else", "0")
  .option("--price-wei-per-gflop <n>", "what executors are offered", "1000000000000")
  .option("--deadline-seconds <n>", "from now on: afterwards nobody is paid for it", "86400")
  .option("--window-seconds <n>", "how long a claim can be challenged", "3600")
  .option("--node-url <url>", "an L2 node", httpUrl("node-url"), "http://127.0.0.1:9545")
  .action(async (options) => (await import("./commands/create-job.ts")).createJob(options));

job
  .command("replay <claim>")
  .description(
    "compute a claimed run again: exit code 0 if every bit is the claimed one, else the first op whose bits differ",
  )
  .option("--json", "one JSON object on stdout", false)
  .requiredOption("--chain-file <path>", "the chain's addresses and clocks, as `dev` and `demo` write it")
  .option("--l1-url <url>", "an L1 node", httpUrl("l1-url"), "http://127.0.0.1:8545")
  .option("--node-url <url>", "an L2 node that holds what the job names", httpUrl("node-url"), "http://127.0.0.1:9545")
  .action(async (claim: string, options) => (await import("./commands/job.ts")).replayJob(claim, options));

/** A command whose options its service knows: it reads them, and shows its help, itself. */
const serviceCommand = (
  noun: string,
  about: string,
  description: string,
  run: (args: readonly string[], description: string) => Promise<void>,
): Command =>
  program
    .command(noun)
    .description(about)
    .command("run [options...]")
    .description(description)
    .helpOption(false)
    .allowUnknownOption()
    .action((args: string[]) => run(args, description));

const node = serviceCommand(
  "node",
  "a node of a chain that is there",
  "a node: the sequencer, or a replica that follows L1",
  async (...args) => (await import("./commands/node.ts")).runNode(...args),
).parent as Command;
node
  .command("snapshot")
  .description("what a node, running or not, has of the finalized chain, in one file that others can start from")
  .requiredOption("--data-dir <path>", "the node's data folder")
  .requiredOption("--chain-file <path>", "the chain's addresses and clocks, as `dev` and `demo` write it")
  .requiredOption("--out <file>", "where it goes; there whole or not at all")
  .option("--json", "one JSON object on stdout", false)
  .action(async (options) => (await import("./commands/node-snapshot.ts")).snapshotNode(options));
node
  .command("status")
  .description("how far a node is: blocks, L1, batches, claims, pool, disk, trouble")
  .option("--node-url <url>", "a running node", httpUrl("node-url"), "http://127.0.0.1:9545")
  .option("--data-dir <path>", "in its place the data folder of one, running or not")
  .option("--chain-file <path>", "of the folder's chain, as `dev` and `demo` write it")
  .option("--l1-url <url>", "an L1 node, to tell how far the node is behind it", httpUrl("l1-url"))
  .option("--json", "one JSON object on stdout", false)
  .action(async (options) => (await import("./commands/node-status.ts")).nodeStatus(options));
serviceCommand(
  "executor",
  "earn by computing what contracts ask for",
  "an executor: trains and answers, claims the results on L1 under bond",
  async (...args) => (await import("./commands/executor.ts")).runExecutor(...args),
)
  .parent!.command("doctor")
  .description("whether this machine's provider gives what claims are judged by, and its own bits again")
  .option("--provider <name>", "cpu, webgpu or cuda", "cpu")
  .option("--threads <n>", "on the CPU: 1 is judged bit for bit, more by the tolerant profile", "1")
  .option("--json", "one JSON object on stdout", false)
  .action(async (options) => (await import("./commands/doctor.ts")).doctor(options));
serviceCommand(
  "challenger",
  "earn by disproving wrong results",
  "a challenger: computes claimed results again and disputes the wrong ones on L1",
  async (...args) => (await import("./commands/challenger.ts")).runChallenger(...args),
);

const tx = program.command("tx").description("what goes past the sequencer into the L2, and out of it");

tx.command("force [raw]")
  .description(
    "past the sequencer, through L1: a signed L2 transaction, or a call by the L1 account whose key is in ANH_KEY",
  )
  .option("--to <address>", "call this address on L2, as the L1 account itself")
  .option("--data <hex>", "what the call is made with", "0x")
  .option("--value-eth <amount>", "what the call sends, from the account's L2 balance", "0")
  .option("--mint-eth <amount>", "ether to bring along from L1 into that balance", "0")
  .option("--gas-limit <n>", "of the call; paid on L1, and what is not used comes back on L2", "200000")
  .option("--wait <moment>", "return when it is queued on L1, included on L2, or executed there", "queued")
  .option("--json", "one JSON object on stdout", false)
  .requiredOption("--chain-file <path>", "the chain's addresses and clocks, as `dev` and `demo` write it")
  .option("--l1-url <url>", "an L1 node", httpUrl("l1-url"), "http://127.0.0.1:8545")
  .option("--node-url <url>", "an L2 node, to see it land", "http://127.0.0.1:9545")
  .action(async (raw: string | undefined, options) =>
    (await import("./commands/tx.ts")).forceTransaction(raw, options),
  );

tx.command("withdraw <hash>")
  .description(
    "pay out on L1 what an L2 transaction withdrew, or say what that waits for; the account whose key is in ANH_KEY pays the gas",
  )
  .option("--wait", "go on until all of it is paid", false)
  .option("--json", "one JSON object on stdout", false)
  .requiredOption("--chain-file <path>", "the chain's addresses and clocks, as `dev` and `demo` write it")
  .option("--l1-url <url>", "an L1 node", httpUrl("l1-url"), "http://127.0.0.1:8545")
  .option("--node-url <url>", "an L2 node", "http://127.0.0.1:9545")
  .action(async (hash: string, options) => (await import("./commands/withdraw.ts")).payOut(hash, options));

program
  .command("test [files...]")
  .description("types, lint, contract tests and vitest; ends with `N passed, N failed`")
  .option("--long", "also the long-running tests", false)
  .action(async (files: string[], options) => (await import("./commands/test.ts")).test(files, options));

program
  .command("bench <suite>")
  .description(
    "measure a suite against its reference: check, commit, execute, gas, gpu, memory, opening, precision, rpc, seal, sync, tolerance or train",
  )
  .option("--json", "one JSON object on stdout", false)
  .action(async (suite: string, options) => (await import("./commands/bench.ts")).bench(suite, options));

program
  .command("gas-snapshot")
  .description("rewrite the gas and bytecode snapshots kept in git")
  .action(async () => (await import("./commands/gas-snapshot.ts")).gasSnapshot());

program
  .command("help [command]")
  .description("display help for a command")
  .action((name?: string) => {
    if (name === undefined) program.help();
    const command = program.commands.find((known) => known.name() === name);
    if (command === undefined) throw usage(`unknown command '${name}'`);
    command.help();
  });

// Whoever reads us has seen enough (`| head`).
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
// A command that failed or was interrupted may have left something waiting for what will not come any more.
process.exit();

function usage(message: string): AnhError {
  const names = program.commands.map((command) => command.name());
  const asked = askedFor();
  return new AnhError("usage", message, {
    hint:
      asked.length > 0
        ? `./anh ${asked.join(" ")} --help says what it takes`
        : `commands: ${names.join(", ")}; ./anh help <command> says more about one`,
  });
}

/** The names of the command that this call is for, as far as there is one. */
function askedFor(): string[] {
  const names: string[] = [];
  let at: Command | undefined = program;
  for (const word of process.argv.slice(2)) {
    at = at.commands.find((command) => command.name() === word);
    if (at === undefined || word === "help") break;
    names.push(word);
  }
  return names;
}

/** An option that is missing may be there misspelt, and commander names what is missing alone. */
function unknownOption({ code }: CommanderError): string[] {
  if (code !== "commander.missingMandatoryOptionValue") return [];
  const names = askedFor();
  const command = names.reduce<Command>((at, name) => at.commands.find((one) => one.name() === name)!, program);
  const { unknown } = command.parseOptions(process.argv.slice(2 + names.length));
  return unknown[0] === undefined ? [] : [`unknown option '${unknown[0]}'`];
}

/** Says what went wrong in the form the caller asked for and gives the exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version are answers; help that nobody asked for (no command at all) was a mistake.
    if (error.exitCode === 0) return EXIT.ok;
    return error.code === "commander.help"
      ? EXIT.usage
      : report(
          usage([...unknownOption(error), error.message.replace(/^error: /, "").replaceAll("\n", " ")].join("; ")),
        );
  }
  const json = process.argv.includes("--json");
  if (!(error instanceof AnhError)) {
    console.error(error);
    if (json) console.log(JSON.stringify({ error: { code: "bug", message: String(error) } }));
    return exitCodeOf(error);
  }
  if (json) console.log(JSON.stringify({ error: error.toJSON() }));
  else console.error([`anh: ${error.message}`, ...adviceOf(error)].join("\n     "));
  return exitCodeOf(error);
}

/** What was expected, where the message does not say it, and what to do. */
function adviceOf({ message, expected, actual, hint }: AnhError): string[] {
  const came = actual === undefined || message.includes(String(actual)) ? "" : `, got ${actual}`;
  const compared = expected === undefined || message.includes(String(expected)) ? [] : [`expected ${expected}${came}`];
  return [...compared, ...(hint === undefined ? [] : [hint])];
}
