export interface Drawing {
  below(count: number): number;
  one<T>(values: readonly [T, ...T[]]): T;
  /** Joins up to `most` of the texts, at least one. */
  some(texts: readonly string[], most: number): string;
}

/** Draws the same values in every run. Set STAGEGATE_SEED to draw others. */
export function drawing(): Drawing {
  let state = Number(process.env.STAGEGATE_SEED ?? 1);
  const below = (count: number) => {
    state = (state * 48_271) % 0x7fffffff;
    return state % count;
  };
  return {
    below,
    one: (values) => values[below(values.length)] ?? values[0],
    some: (texts, most) => Array.from({ length: 1 + below(most) }, () => texts[below(texts.length)]).join(''),
  };
}
