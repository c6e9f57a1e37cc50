// The other half of power-cut.cpp: takes back what a server wrote and did not fsync before it died.
import { closeSync, existsSync, ftruncateSync, linkSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const headerSize = 32;

interface Record {
  at: number;
  kind: 'wrote' | 'cut' | 'synced' | 'made' | 'removed';
  path: string;
  offset: number;
  oldSize: number;
  data: Buffer;
}

const kinds = { 1: 'wrote', 2: 'cut', 3: 'synced', 4: 'made', 5: 'removed' } as const;

/** The journal's records, in order; a last one that was cut short did not happen. */
function readJournal(journal: string): Record[] {
  const bytes = existsSync(journal) ? readFileSync(journal) : Buffer.alloc(0);
  const records: Record[] = [];
  for (let at = 0; at + headerSize <= bytes.length;) {
    const pathSize = bytes.readUInt32LE(at + 4);
    const dataSize = Number(bytes.readBigUInt64LE(at + 24));
    const end = at + headerSize + pathSize + dataSize;
    if (end > bytes.length) break;
    const kind = kinds[bytes.readUInt32LE(at) as keyof typeof kinds];
    if (!kind) throw new Error(`the journal is wrong at ${at}`);
    records.push({
      at,
      kind,
      path: bytes.toString('utf8', at + headerSize, at + headerSize + pathSize),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      oldSize: Number(bytes.readBigUInt64LE(at + 16)),
      data: bytes.subarray(at + headerSize + pathSize, end),
    });
    at = end;
  }
  return records;
}

/** Undoes what was not on disk and begins the journal anew. Returns how many writes were lost. */
export function cutPower(journal: string): number {
  const records = readJournal(journal);
  const durable = new Map<string, number>();
  for (const { kind, path, offset } of records) if (kind === 'synced') durable.set(path, offset);
  let lost = 0;
  for (const record of records.reverse()) {
    const onDisk = record.at < (durable.get(record.path) ?? 0);
    const named = record.at < (durable.get(dirname(record.path)) ?? 0);
    if (record.kind === 'made' && !onDisk && !named) rmSync(record.path, { force: true });
    if (record.kind === 'removed' && !named) {
      rmSync(record.path, { force: true });
      linkSync(record.data.toString('utf8'), record.path);
    }
    if ((record.kind !== 'wrote' && record.kind !== 'cut') || onDisk) continue;
    if (record.kind === 'wrote') lost += 1;
    undo(record);
  }
  truncateSync(journal);
  return lost;
}

function undo({ path, offset, oldSize, data }: Record): void {
  if (!existsSync(path)) return;
  const file = openSync(path, 'r+');
  try {
    if (data.length > 0) writeSync(file, data, 0, data.length, offset);
    ftruncateSync(file, oldSize);
  } finally {
    closeSync(file);
  }
}
