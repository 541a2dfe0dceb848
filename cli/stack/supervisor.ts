import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { AnhError } from "../../common/errors.ts";
import { EXIT } from "../exit.ts";
import { ROOT } from "../paths.ts";

/** How one service is started. Its stdout is NDJSON events; its stderr is a log. */
export interface ServiceSpec {
  readonly name: string;
  /** A .ts file of ours, relative to the checkout. */
  readonly script: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its state is gone when it dies (the embedded L1): the stack fails instead of going on with an empty one. */
  readonly irreplaceable?: boolean;
}

export interface SupervisorEvents {
  readonly started: (name: string, pid: number, restarts: number) => void;
  readonly exited: (name: string, pid: number, code: number | null, signal: NodeJS.Signals | null) => void;
  /** One NDJSON line of a service's stdout; a line that is no JSON goes to the log only. */
  readonly event: (name: string, event: Record<string, unknown>) => void;
}

/** glibc keeps what many threads freed; told so, it gives it back: 100 MB less per verifier service, at no measurable cost. */
const MEMORY = { MALLOC_ARENA_MAX: "1", MALLOC_TRIM_THRESHOLD_: "100000", MALLOC_MMAP_THRESHOLD_: "60000" };

/** By default V8 lets garbage pile up to a share of the machine's memory: over 100 MB per service in two minutes. */
const HEAP = ["--max-semi-space-size=4", "--heap-growing-percent=50"];

interface Service {
  readonly spec: ServiceSpec;
  child: ChildProcess | null;
  restarts: number;
  retired: boolean;
}

const RESTART_DELAY_MS = 200;
const STOP_GRACE_MS = 5_000;
/** A service that dies this often in a row without living `STEADY_MS` cannot be helped by starting it again. */
const MAX_QUICK_DEATHS = 10;
const STEADY_MS = 10_000;

/**
 * Keeps a set of services running: starts each as a process of its own, restarts one that ends, stops all in reverse
 * order. Children end with this process even if it is killed (cli/stack/with-parent.ts watches the channel).
 */
export class Supervisor {
  readonly #logDir: string;
  readonly #events: SupervisorEvents;
  readonly #services = new Map<string, Service>();
  #stopping = false;
  #fail: (error: AnhError) => void = () => {};
  /** Rejects when a service keeps dying. */
  readonly failed: Promise<never>;

  constructor(options: { readonly logDir: string }, modules: { readonly events: SupervisorEvents }) {
    this.#logDir = options.logDir;
    this.#events = modules.events;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
    mkdirSync(this.#logDir, { recursive: true });
  }

  start(spec: ServiceSpec): void {
    const service: Service = { spec, child: null, restarts: 0, retired: false };
    this.#services.set(spec.name, service);
    this.#spawn(service, 0);
  }

  pid(name: string): number | undefined {
    return this.#services.get(name)?.child?.pid;
  }

  #spawn(service: Service, quickDeaths: number): void {
    const { name, script, args, env } = service.spec;
    const log = createWriteStream(join(this.#logDir, `${name}.log`), { flags: "a" });
    const child = spawn(
      process.execPath,
      [
        "--disable-warning=ExperimentalWarning",
        ...HEAP,
        "--import",
        `${ROOT}cli/stack/with-parent.ts`,
        ROOT + script,
        ...args,
      ],
      {
        cwd: ROOT,
        // onnxruntime leaves an empty log per process where temporary files go: there it is gone with the run's folder.
        env: { ...MEMORY, ...process.env, TMPDIR: this.#logDir, ...env },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        // Out of the terminal's process group: Ctrl-C reaches us alone, and we stop them in order.
        detached: true,
      },
    );
    service.child = child;
    const startedAt = performance.now();
    child.stderr?.pipe(log, { end: false });
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      log.write(`${line}\n`);
      const event = parseEvent(line);
      if (event !== null) this.#events.event(name, event);
    });
    if (child.pid !== undefined) this.#events.started(name, child.pid, service.restarts);
    child.once("close", (code, signal) => {
      log.end();
      service.child = null;
      if (this.#stopping || service.retired) return;
      this.#events.exited(name, child.pid ?? 0, code, signal);
      const deaths = performance.now() - startedAt > STEADY_MS ? 0 : quickDeaths + 1;
      // A service that refuses its settings will refuse them again.
      if (service.spec.irreplaceable === true || deaths >= MAX_QUICK_DEATHS || code === EXIT.config) {
        log.once("close", () => this.#fail(hopeless(name, signal ?? `code ${code}`, String(log.path))));
        return;
      }
      service.restarts++;
      setTimeout(() => {
        if (!this.#stopping && !service.retired) this.#spawn(service, deaths);
      }, RESTART_DELAY_MS);
    });
  }

  /** Stops one service for good. */
  async stopService(name: string): Promise<void> {
    const service = this.#services.get(name);
    if (service === undefined) return;
    this.#services.delete(name);
    service.retired = true;
    await end(service.child);
  }

  /** Stops all services, the last started first; one that ignores SIGTERM is killed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const service of [...this.#services.values()].reverse()) await end(service.child);
  }
}

function hopeless(name: string, end: string, logFile: string): AnhError {
  const last = readFileSync(logFile, "utf8").trim().split("\n").slice(-5);
  return new AnhError("service-dies", `${name} died (${end}) and starting it again cannot help`, {
    actual: end,
    hint: [...last, `its log: ${logFile}`].join("\n     "),
  });
}

async function end(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
    child.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill("SIGTERM");
  });
}

function parseEvent(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
