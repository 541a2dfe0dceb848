import { createServer } from "node:net";
import { AnhError } from "../../common/errors.ts";

/** Whether nothing listens on this port of the loopback. */
export const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

/** A port that was free a moment ago; asked for all at once, they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve, reject) => {
        server.once("error", reject);
        server.listen(0, "127.0.0.1", () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Reads a port given on the command line; 0 means any free one. */
export async function chosenPort(name: string, text: string): Promise<number> {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new AnhError("usage", `--${name} is "${text}"`, { expected: "a port from 0 to 65535", actual: text });
  if (port === 0) return (await freePorts(1))[0] as number;
  if (!(await isFree(port)))
    throw new AnhError("port-taken", `port ${port} (--${name}) is in use`, {
      expected: "a free port",
      actual: port,
      hint: `stop what listens there, or choose another with --${name} (0 takes any free one)`,
    });
  return port;
}
