// An L1 endpoint that fails on everything that names one thing, and passes on the rest.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export type HidingL1 = {
  readonly url: string;
  /** Fails on requests that hold these digits; undefined: on none. */
  readonly hide: (digits: string | undefined) => void;
  readonly stop: () => void;
};

export async function startHidingL1(url: string): Promise<HidingL1> {
  let hidden: string | undefined;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (hidden !== undefined && body.includes(hidden)) return response.writeHead(500).end();
    const answer = await fetch(url, { method: "POST", body, headers: { "content-type": "application/json" } });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hide: (digits) => {
      hidden = digits;
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
