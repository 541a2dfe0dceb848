import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { decodeSegment, encodeFrame, type PoolRecord } from "./pool-frames.ts";

/** A file of the journal. Only the newest is written to, and by one run of the node: what was torn in it stays at its end. */
export interface Segment {
  readonly path: string;
  bytes: number;
}

export interface Journal {
  /** What is on disk from earlier runs, segment by segment, the oldest first. Throws `CorruptStoreError`. */
  read(): Iterable<{ readonly segment: Segment; readonly record: PoolRecord }>;
  /** Resolves with where they are once they are on disk; one call at a time. The node's thread does not wait for the disk. */
  append(records: readonly PoolRecord[]): Promise<Segment>;
  /** The same, and waits. */
  appendNow(records: readonly PoolRecord[]): Segment;
  readonly bytes: number;
  /** The oldest segment, where it is not the newest as well. */
  oldest(): Segment | undefined;
  /** Nothing in it is needed any more. */
  removeOldest(): void;
  close(): void;
}

const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;
const NAME = /^\d{10}-([0-9a-f]{16})\.log$/;
const write = promisify(fs.write);
const fdatasync = promisify(fs.fdatasync);

interface Writing {
  readonly segment: Segment;
  readonly salt: Uint8Array;
  readonly fd: number;
  isBusy: boolean;
}

/** What waits in the pool, in a folder of its own: it comes and goes too fast for a database's pages. */
export function openJournal(folder: string): Journal {
  const names = (fs.existsSync(folder) ? fs.readdirSync(folder) : []).filter((name) => NAME.test(name)).sort();
  const segments = names.flatMap((name): Segment[] => {
    const path = join(folder, name);
    const found = fs.statSync(path, { throwIfNoEntry: false });
    return found === undefined ? [] : [{ path, bytes: found.size }];
  });
  let next = Number(names.at(-1)?.slice(0, 10) ?? 0) + 1;
  let newest: Writing | undefined;

  const begin = (): Writing => {
    fs.mkdirSync(folder, { recursive: true });
    const salt = randomBytes(8);
    const path = join(folder, `${String(next++).padStart(10, "0")}-${salt.toString("hex")}.log`);
    const fd = fs.openSync(path, "ax");
    syncFolder(folder);
    const segment = { path, bytes: 0 };
    segments.push(segment);
    return { segment, salt, fd, isBusy: false };
  };
  /** Nothing is written behind what may not be whole. */
  const abandon = (): void => {
    if (newest && !newest.isBusy) fs.closeSync(newest.fd);
    newest = undefined;
  };
  const writable = (): Writing => {
    if (newest && newest.segment.bytes >= MAX_SEGMENT_BYTES) abandon();
    newest ??= begin();
    return newest;
  };

  /** A full disk does not leave a file for each attempt. */
  const discardEmpty = (segment: Segment): void => {
    if (segment.bytes > 0) return;
    segments.splice(segments.indexOf(segment), 1);
    fs.rmSync(segment.path, { force: true });
  };

  return {
    *read() {
      for (const segment of segments) {
        const salt = Buffer.from(NAME.exec(segment.path.slice(folder.length + 1))![1] as string, "hex");
        for (const record of decodeSegment(bytesIn(segment.path), salt, segment.path)) yield { segment, record };
      }
    },
    async append(records) {
      const writing = writable();
      const { segment, salt, fd } = writing;
      const frame = encodeFrame(salt, records);
      writing.isBusy = true;
      try {
        for (let at = 0; at < frame.length; ) at += (await write(fd, frame, at)).bytesWritten;
        await fdatasync(fd);
        segment.bytes += frame.length;
        return segment;
      } catch (error) {
        if (newest === writing) newest = undefined;
        discardEmpty(segment);
        throw error;
      } finally {
        writing.isBusy = false;
        if (newest !== writing) fs.closeSync(fd);
      }
    },
    appendNow(records) {
      if (newest?.isBusy) abandon();
      const { segment, salt, fd } = writable();
      const frame = encodeFrame(salt, records);
      try {
        for (let at = 0; at < frame.length; ) at += fs.writeSync(fd, frame, at);
        fs.fdatasyncSync(fd);
      } catch (error) {
        abandon();
        discardEmpty(segment);
        throw error;
      }
      segment.bytes += frame.length;
      return segment;
    },
    get bytes() {
      return segments.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    oldest: () => (segments.length > 1 ? segments[0] : undefined),
    removeOldest() {
      fs.rmSync(segments.shift()!.path);
    },
    close() {
      // What was written before is told from what was torn by a frame behind it.
      if (newest && !newest.isBusy && newest.segment.bytes > 0) this.appendNow([]);
      abandon();
    },
  };
}

/** Of a journal that lasts no longer than its process. */
export const memoryJournal = (): Journal => {
  const segment = { path: ":memory:", bytes: 0 };
  return {
    read: () => [],
    append: async () => segment,
    appendNow: () => segment,
    bytes: 0,
    oldest: () => undefined,
    removeOldest: () => {},
    close: () => {},
  };
};

/** None where the node that runs has removed it since the folder was listed: what it held of use is in a later one. */
function bytesIn(path: string): Buffer {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

/** A file is there after a power cut only once its folder says so on disk. */
function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, "r");
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}
