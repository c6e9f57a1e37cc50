// What the figures were measured on.
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { limit } from './paths.mjs';
import { runProgram } from './process.mjs';

export async function describeMachine(folder) {
  const disk = JSON.parse(await runProgram(limit, ['disk', '--database', join(folder, 'disk'), '--warm-up-ms', 200, '--window-ms', 1000]));
  const system = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown system';
  const type = (await runProgram('stat', ['-f', '-c', '%T', folder])).trim();
  return [
    `machine: ${cpus().length} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, ${system}`,
    `disk: ${type}, 4 KiB appended and fdatasync in ${Math.round(disk.p50_us)} µs (p99 ${Math.round(disk.p99_us)} µs)`,
    `Node ${process.version}; load before the start ${readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 1)}`,
  ];
}
