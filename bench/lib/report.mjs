// From the figures of the runs to the JSON of every bench and to a table.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Figures by workload, subject and metric; `value` is the median of the runs. */
export class Figures {
  #entries = new Map();

  add(workload, subject, metric, unit, value) {
    const key = JSON.stringify([workload, subject, metric]);
    const entry = this.#entries.get(key) ?? { workload, subject, metric, unit, value, runs: [] };
    entry.runs.push(round(value));
    entry.value = round(median(entry.runs));
    this.#entries.set(key, entry);
  }

  find(workload, subject, metric) {
    return this.#entries.get(JSON.stringify([workload, subject, metric]));
  }

  toJSON() {
    return [...this.#entries.values()];
  }
}

const round = (value) => Number(value.toPrecision(5));

/** In Markdown, which is readable in a terminal, too. */
export function table(header, rows) {
  const widths = header.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i < 2 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

export const grouped = (value) => Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');
