/** How a command can end. Scripts rely on these numbers: never change or reuse one. docs/cli.md has the same table. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'Done. For `watch`: the deployment succeeded or passed through' },
  failed: {
    code: 1,
    meaning: 'Something went wrong on our side, or in a program that was needed. For `doctor`: it found a problem',
  },
  usage: { code: 2, meaning: 'The command, a file it reads, or the request is wrong; nothing was changed' },
  refused: { code: 3, meaning: 'A rule does not allow it now; nothing was changed' },
  'not-found': { code: 4, meaning: 'The application, environment, release or deployment does not exist' },
  unreachable: { code: 5, meaning: 'The API does not answer, or cannot at the moment; try again later' },
  ended: { code: 6, meaning: 'A deployment that was watched ended without success' },
  unconfirmed: { code: 7, meaning: 'Nobody confirmed it: the answer was no, or there is no terminal and no `--yes`' },
  denied: { code: 8, meaning: 'No credentials, or the caller may not do this' },
  interrupted: { code: 130, meaning: 'Ctrl-C' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;

export type Ending = keyof typeof EXIT_CODES;
