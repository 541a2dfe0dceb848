/** Exit codes of every command (sysexits where one fits). */
export const EXIT = { ok: 0, failed: 1, usage: 2, unavailable: 69, retry: 75, config: 78 } as const;
