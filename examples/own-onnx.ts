// Trains a network of one's own that comes as an ONNX file, with the `anh` command alone: no graph is built here.
//
//   ./anh dev --data-dir /tmp/chain                                    (in one terminal)
//   tools/node_modules/.bin/node examples/own-onnx.ts /tmp/chain       (in another; add L2's and L1's URL if not the defaults)
//
// Your file comes out of PyTorch, e.g. torch.onnx.export(net, x, "net.onnx", input_names=["points"], output_names=["y"],
// dynamic_axes={"points": {0: "batch"}}), and your data out of safetensors.torch.save_file({"points": x, "spiral": labels}, …).
// This script writes such files itself, tells two spirals apart with them, and prints each command for you to repeat.
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import * as onnx from "onnx-buf";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { bytesToHex, type Hex } from "viem";
import { readArtifacts } from "../deploy/artifacts.ts";
import { uniformStart } from "../verifier/model/start.ts";
import { toSafetensors } from "../verifier/tensor/safetensors.ts";
import { float32 } from "../verifier/tensor/tensor.ts";
import { connect, DEFAULT_URL, dataFolder, helpFrom, say, stop } from "./connect.ts";

helpFrom(import.meta.filename);
const [folderWords, url = DEFAULT_URL, l1Url = "http://127.0.0.1:8545"] = process.argv.slice(2);
const dataDir = dataFolder(folderWords);
const { chain, account, l2, wallet, done } = await connect(url, 9);
const folder = mkdtempSync(join(tmpdir(), "anh-own-onnx-"));
const at = (name: string) => join(folder, name);
const MAIN = fileURLToPath(new URL("../cli/main.ts", import.meta.url));

/** `./anh …`, printed; its answer with --json. */
function anh(...args: readonly string[]) {
  say(`./anh ${args.join(" ")}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args, "--json"], { encoding: "utf8" });
  const answer = JSON.parse(stdout);
  if (status === 0) return answer;
  return stop(`./anh ${args.slice(0, 2).join(" ")}: ${answer.error?.message ?? stderr}`, answer.error?.hint ?? "");
}

// 1. The network: points [batch, 2] → Gemm → Relu → Gemm → Relu → Gemm → y [batch, 2], as exporters write it.
const widths = [2, 32, 32, 2];
const layers = widths.slice(1).map((width, i) => ({ inputs: widths[i]!, width, last: i === widths.length - 2 }));
const weights = (name: string, stream: number, dims: readonly number[], limit: number) =>
  create(onnx.TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: onnx.TensorProto_DataType.FLOAT,
    floatData: [
      ...uniformStart(
        3,
        stream,
        dims.reduce((a, b) => a * b),
        limit,
      ),
    ],
  });
const port = (name: string, width: number) =>
  create(onnx.ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: "tensorType",
        value: {
          elemType: onnx.TensorProto_DataType.FLOAT,
          shape: {
            dim: [
              { value: { case: "dimParam", value: "batch" } },
              { value: { case: "dimValue", value: BigInt(width) } },
            ],
          },
        },
      },
    },
  });
const node = (opType: string, name: string, input: string[], output: string, transB?: boolean) =>
  create(onnx.NodeProtoSchema, {
    name,
    opType,
    input,
    output: [output],
    attribute: transB ? [{ name: "transB", type: onnx.AttributeProto_AttributeType.INT, i: 1n }] : [],
  });
const network = create(onnx.ModelProtoSchema, {
  irVersion: 8n,
  opsetImport: [{ domain: "", version: 17n }],
  graph: {
    name: "main_graph",
    input: [port("points", 2)],
    output: [port("y", 2)],
    node: layers.flatMap(({ last }, i) => [
      node(
        "Gemm",
        `/${i}/Gemm`,
        [i === 0 ? "points" : `h${i}`, `${i}.weight`, `${i}.bias`],
        last ? "y" : `g${i}`,
        true,
      ),
      ...(last ? [] : [node("Relu", `/${i}/Relu`, [`g${i}`], `h${i + 1}`)]),
    ]),
    initializer: layers.flatMap(({ inputs, width }, i) => [
      weights(`${i}.weight`, 2 * i, [width, inputs], Math.sqrt(6 / inputs)),
      weights(`${i}.bias`, 2 * i + 1, [width], 0.1),
    ]),
  },
});
writeFileSync(at("net.onnx"), toBinary(onnx.ModelProtoSchema, network));

// 2. The data: points on two spirals, and which spiral each is on.
function points(rows: number, seed: number) {
  const [radii, noise] = [uniformStart(seed, 0, rows, 1), uniformStart(seed, 1, 2 * rows, 0.02)];
  const known = new Float32Array(2 * rows);
  const spiral = Uint8Array.from({ length: rows }, (_, i) => i % 2);
  for (let i = 0; i < rows; i++) {
    const turn = (radii[i]! + 1) / 2;
    const angle = Math.PI * (2 * turn + spiral[i]!);
    const radius = 0.1 + 0.9 * turn;
    known[2 * i] = radius * Math.cos(angle) + noise[2 * i]!;
    known[2 * i + 1] = radius * Math.sin(angle) + noise[2 * i + 1]!;
  }
  return { points: float32([rows, 2], known), spiral: { dtype: "uint8", shape: [rows], data: spiral } as const };
}
const unseen = points(512, 2);
writeFileSync(at("known.safetensors"), Buffer.concat(toSafetensors(new Map(Object.entries(points(1024, 1))))));
writeFileSync(at("unseen.safetensors"), Buffer.concat(toSafetensors(new Map(Object.entries(unseen)))));
say(`net.onnx, known.safetensors and unseen.safetensors written to ${folder}`);

// 3. Can it be run, and judged on L1? What cannot is named here, before anything is paid.
const report = anh("model", "check", at("net.onnx"));
say(`a job in ${report.profiles.join(" or ")}; a step of 64 rows is ${report.training.nodes} nodes`);

// 4. A contract that will ask for the training (any classifier will do), and the job. Nothing is paid yet.
const { abi, bytecode } = readArtifacts()("l2/examples/DigitClassifier");
const created = await done(await wallet.deployContract({ abi, bytecode }));
const dapp = created.contractAddress!;
const { modelId, firstStep, uploaded, transaction } = anh(
  ...["job", "create", "--model", at("net.onnx"), "--dataset", at("known.safetensors"), "--loss", "ce"],
  ...["--optimizer", "adam:0.01", "--steps", "1024", "--requester", dapp, "--soft", "--window-seconds", "60"],
  ...["--node-url", url],
);
const test = anh("dataset", "add", at("unseen.safetensors"), "--tensors", "points,spiral", "--node-url", url);
say(`model ${modelId}: loss ${firstStep.loss.toFixed(3)} before the first step; ${uploaded.files} files uploaded`);

// 5. Ask for it, and use it. Both calls park until an executor has trained, claimed and answered.
await done(await wallet.sendTransaction({ ...transaction, value: BigInt(transaction.value) }));
say(`training asked for, paid with ${transaction.value} wei`);
const call = { address: dapp, abi, account, chain } as const;
const point = unseen.points.data.slice(0, 2) as Float32Array;
const image = bytesToHex(new Uint8Array(point.buffer));
const classified = await wallet.writeContract({ ...call, functionName: "classify", args: [modelId, image] });
const scored = await wallet.writeContract({
  ...call,
  functionName: "evaluate",
  args: [modelId, test.datasetRoot, test.rows],
});
for (const hash of [classified, scored]) await done(hash);
const label = Number(await l2.readContract({ ...call, functionName: "lastLabelPlusOne", args: [modelId] })) - 1;
const scores = await l2.readContract({ ...call, functionName: "scores", args: [modelId] });
const [correct, total] = scores as [number, number];
say(`the point is on spiral 0; the contract says ${label}`);
say(`unseen points told right: ${correct} of ${total}`);

// 6. The weights, home: as safetensors for any framework, and as an ONNX file that any runtime runs.
const { claimHash } = (await l2.request({ method: "anh_getJob", params: [modelId] } as never)) as { claimHash: Hex };
const where = ["--chain-file", join(dataDir, "chain.json"), "--l1-url", l1Url, "--node-url", url];
anh("model", "pull", claimHash, "--out", at("trained.safetensors"), ...where);
anh("model", "pull", claimHash, "--out", at("trained.onnx"), ...where);
const session = await InferenceSession.create(at("trained.onnx"), { graphOptimizationLevel: "disabled" });
const { y } = await session.run({ points: new Tensor("float32", point, [1, 2]) });
await session.release();
const [a, b] = y!.data as Float32Array;
say(`onnxruntime says ${b! > a! ? 1 : 0} (scores ${a}, ${b})`);
