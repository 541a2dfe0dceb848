// An L1 endpoint that fails on everything that names one thing, or says another in its place, and passes on the rest.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export type HidingL1 = {
  readonly url: string;
  /** Fails on requests that hold these digits; undefined: on none. */
  readonly hide: (digits: string | undefined) => void;
  /** Answers with other digits wherever L1's answers hold these. */
  readonly forge: (digits: string, others: string) => void;
  readonly stop: () => void;
};

export async function startHidingL1(url: string): Promise<HidingL1> {
  let hidden: string | undefined;
  let forged: readonly [digits: string, others: string] = ["", ""];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    if (hidden !== undefined && body.includes(hidden)) return response.writeHead(500).end();
    const answer = await fetch(url, { method: "POST", body, headers: { "content-type": "application/json" } });
    const said = (await answer.text()).replaceAll(...forged);
    response.writeHead(answer.status, { "content-type": "application/json" }).end(said);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hide: (digits) => {
      hidden = digits;
    },
    forge: (digits, others) => {
      forged = [digits, others];
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
