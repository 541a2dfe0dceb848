import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { wait } from "../../cli/waiting.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

function screen(isTTY: boolean) {
  const texts: string[] = [];
  return { isTTY, write: (text: string) => texts.push(text), texts };
}

const line = new TextEncoder().encode("a line\n");
const half = new TextEncoder().encode("half a l");

test("without a terminal: plain lines, one per 20 silent seconds, no control characters", () => {
  const { texts, ...out } = screen(false);
  const waiting = wait("compiling", out, Date.now);
  vi.advanceTimersByTime(19_000);
  expect(texts).toEqual([]);
  vi.advanceTimersByTime(21_000);
  expect(texts).toEqual(["anh: compiling … 20 s\n", "anh: compiling … 40 s\n"]);
  waiting.stop();
  vi.advanceTimersByTime(60_000);
  expect(texts).toHaveLength(2);
});

test("what is shown meanwhile is sign of life enough", () => {
  const { texts, ...out } = screen(false);
  const waiting = wait("compiling", out, Date.now);
  for (let i = 0; i < 10; i++) {
    vi.advanceTimersByTime(19_000);
    waiting.heard(line);
  }
  expect(texts).toEqual([]);
  expect(waiting.seconds()).toBe(190);
  waiting.stop();
});

test("on a terminal: one line rewritten each second and removed at the end", () => {
  vi.stubEnv("CI", "");
  vi.stubEnv("TERM", "xterm");
  const { texts, ...out } = screen(true);
  const waiting = wait("compiling", out, Date.now);
  vi.advanceTimersByTime(2_000);
  waiting.stop();
  expect(texts).toEqual(["compiling … 1 s", "\r\u001b[2K", "compiling … 2 s", "\r\u001b[2K"]);
});

test("a tool's unfinished line is not written into", () => {
  vi.stubEnv("CI", "");
  vi.stubEnv("TERM", "xterm");
  const { texts, ...out } = screen(true);
  const waiting = wait("testing", out, Date.now);
  waiting.heard(half);
  vi.advanceTimersByTime(5_000);
  expect(texts).toEqual([]);
  waiting.heard(line);
  vi.advanceTimersByTime(1_000);
  waiting.stop();
  expect(texts[0]).toBe("testing … 6 s");
});
