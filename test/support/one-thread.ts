import type { SessionSetup } from "../../verifier/runtime/session-setup.ts";

/** How sessions are opened whose bits `strict` claims are judged by. */
export const ONE_THREAD: SessionSetup = { provider: "cpu", threads: 1, onCpu: [], resident: [] };
