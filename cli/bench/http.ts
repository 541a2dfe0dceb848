import { Agent, request } from "node:http";

/** Clients of one server on kept connections, each of which asks again when it was answered. */
export interface Clients {
  /** The answers' bodies. */
  post(bodies: readonly string[]): Promise<string[]>;
  close(): void;
}

export function openClients(url: string, count: number): Clients {
  const agent = new Agent({ keepAlive: true, maxSockets: count });
  return {
    async post(bodies) {
      const answers: string[] = [];
      let next = 0;
      const client = async (): Promise<void> => {
        for (let i = next++; i < bodies.length; i = next++) answers[i] = await post(url, agent, bodies[i] as string);
      };
      await Promise.all(Array.from({ length: count }, client));
      return answers;
    },
    close: () => agent.destroy(),
  };
}

const post = (url: string, agent: Agent, body: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => resolve(Buffer.concat(chunks).toString()));
    });
    sent.once("error", reject);
    sent.end(body);
  });
