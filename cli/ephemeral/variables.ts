import type { Json } from '../../lambdas/domain/json-value.ts';
import { CommandError } from '../output/command-error.ts';

/** Parses `name=value` pairs. A value that is JSON is taken as that (`3`, `true`, `["a"]`), any other as a text. */
export function parseVariables(pairs: readonly string[]): Record<string, Json> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, text] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
      if (name === undefined || text === undefined)
        throw new CommandError('usage', `--var ${JSON.stringify(pair)} has no "="`, {
          nextStep: 'Write --var NAME=VALUE, for example --var desired_count=1.',
        });
      return [name, parsedOr(text)];
    }),
  );
}

function parsedOr(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
