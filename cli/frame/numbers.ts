import { CommandError } from '../output/command-error.ts';

/** An option that is a number. Anything else is refused before a request is sent. */
export const numberOption = (name: string, describe: string) => ({
  type: 'string' as const,
  requiresArg: true,
  describe,
  coerce: (text: string | readonly string[] | undefined): number | undefined => {
    if (text === undefined) return undefined;
    if (typeof text === 'string' && /^\d+(\.\d+)?$/.test(text)) return Number(text);
    throw new CommandError('usage', `--${name} is ${JSON.stringify(text)}, which is no number`);
  },
});
