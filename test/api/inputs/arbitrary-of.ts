import fc from 'fast-check';

type Schema = { readonly [key: string]: unknown };

/** How inputs are made: the texts that mean something in the world that is asked, and how many of 100 parts are wrong. */
export interface Manner {
  readonly words: readonly string[];
  readonly wrong: number;
}

/** Values that fit nowhere. */
export const JUNK: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    null,
    true,
    0,
    -1,
    1.5,
    1e300,
    '',
    ' ',
    '__proto__',
    'constructor',
    '\u0000',
    '💥'.repeat(50),
    'x'.repeat(5000),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom([], {}, [null], { constructor: 1 }, [[[[]]]]),
);

/** Returns values that mostly fit a JSON Schema: some of each fit in every part, some are wrong in one, a few are junk. */
export function arbitraryOf(schema: Schema, manner: Manner): fc.Arbitrary<unknown> {
  const { wrong } = manner;
  const right = rightOf(schema, manner);
  return wrong === 0 ? right : fc.oneof({ arbitrary: right, weight: 100 - wrong }, { arbitrary: JUNK, weight: wrong });
}

function rightOf(schema: Schema, manner: Manner): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices)) return fc.oneof(...choices.map((each) => arbitraryOf(each, manner)));
  switch (schema.type) {
    case 'object':
      return objectOf(schema, manner);
    case 'array':
      return arrayOf(schema, manner);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'string':
      return textOf(schema, manner);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objectOf(schema: Schema, manner: Manner): fc.Arbitrary<unknown> {
  const { wrong } = manner;
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const required = new Set((schema.required ?? []) as string[]);
  const fields = Object.fromEntries(properties.map(([name, each]) => [name, arbitraryOf(each, manner)]));
  if (properties.length === 0)
    return fc.dictionary(fc.constantFrom('a', 'desired_count', 'environment'), fc.jsonValue({ maxDepth: 1 }), {
      maxKeys: 2,
    });
  const whole = fc.record(fields, { requiredKeys: properties.flatMap(([name]) => (required.has(name) ? [name] : [])) });
  if (wrong === 0) return whole;
  const incomplete = fc.record(fields, { requiredKeys: [] });
  const unknown = fc
    .tuple(whole, fc.jsonValue({ maxDepth: 1 }))
    .map(([known, value]) => ({ ...known, unknown: value }));
  return fc.oneof(
    { arbitrary: whole, weight: 8 },
    { arbitrary: incomplete, weight: 1 },
    { arbitrary: unknown, weight: 1 },
  );
}

function arrayOf(schema: Schema, manner: Manner): fc.Arbitrary<unknown> {
  const { prefixItems, items, maxItems } = schema;
  if (Array.isArray(prefixItems)) return fc.tuple(...prefixItems.map((each) => arbitraryOf(each, manner)));
  const item =
    typeof items === 'object' && items !== null ? arbitraryOf(items as Schema, manner) : fc.jsonValue({ maxDepth: 1 });
  return fc.array(item, { maxLength: typeof maxItems === 'number' ? Math.min(maxItems, 4) : 4 });
}

function numberOf({ minimum, maximum }: Schema): fc.Arbitrary<unknown> {
  const min = typeof minimum === 'number' ? Math.max(minimum, -1000) : -1000;
  const max = typeof maximum === 'number' ? Math.min(maximum, 100_000) : 100_000;
  return fc.oneof(
    fc.constantFrom(min, max, Math.max(min, Math.min(1, max))),
    fc.integer({ min: Math.ceil(min), max: Math.floor(max) }),
  );
}

function textOf({ pattern }: Schema, manner: Manner): fc.Arbitrary<unknown> {
  const words = fc.constantFrom(...manner.words);
  if (typeof pattern !== 'string') return fc.oneof(words, fc.string({ maxLength: 30 }));
  try {
    const matching = fc.stringMatching(new RegExp(pattern));
    const fitting = manner.words.filter((word) => new RegExp(pattern).test(word));
    return fitting.length > 0 ? fc.oneof(matching, fc.constantFrom(...fitting)) : matching;
  } catch {
    // The generator knows no look-ahead.
    return words;
  }
}
