// What a list of measurements comes to.

export interface Spread {
  readonly min: number;
  /** Where a quarter of the measurements is below. */
  readonly low: number;
  readonly median: number;
  /** Where a quarter of the measurements is above. */
  readonly high: number;
  readonly max: number;
}

/** Quartiles with linear interpolation between neighbours. @throws Error without a value */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    min: quantile(sorted, 0),
    low: quantile(sorted, 0.25),
    median: quantile(sorted, 0.5),
    high: quantile(sorted, 0.75),
    max: quantile(sorted, 1),
  };
}

function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const [before, after] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  if (before === undefined || after === undefined) throw new Error('nothing was measured');
  return before + (after - before) * (position - Math.floor(position));
}

/** The order of one round: each round starts with another contestant, so that none always comes first. */
export function rotated<T>(list: readonly T[], round: number): readonly T[] {
  const start = list.length === 0 ? 0 : round % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
