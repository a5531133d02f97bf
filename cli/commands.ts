import { approve } from './commands/approve.ts';
import { board } from './commands/board.ts';
import { diff } from './commands/diff.ts';
import { doctor } from './commands/doctor.ts';
import { ephemeral } from './commands/ephemeral.ts';
import { hold } from './commands/hold.ts';
import { init } from './commands/init.ts';
import { lift } from './commands/lift.ts';
import { open } from './commands/open.ts';
import { outputs } from './commands/outputs.ts';
import { plan } from './commands/plan.ts';
import { promote } from './commands/promote.ts';
import { propose } from './commands/propose.ts';
import { reject } from './commands/reject.ts';
import { release } from './commands/release.ts';
import { rollback } from './commands/rollback.ts';
import { status } from './commands/status.ts';
import { watch } from './commands/watch.ts';
import type { Command } from './frame/command.ts';

/**
 * Every command, in the order in which help lists them. To make a command:
 *
 * 1. Write `cli/commands/<name>.ts` with one export, `command({ usage, summary, options, run })` of `frame/command.ts`.
 *    `options` declares arguments and options with yargs; their types reach `run` by themselves.
 * 2. `run` gets a session: `session.options`; `await session.application()`; `session.api.body(session.api.http.GET(path, …))`, which throws with the
 *    problem and a next step when the API refuses; `session.report(value, text)` for the result, which is JSON with
 *    `--json`; `session.note(text)` for what is no part of the result; `session.confirm(question)` before anything in
 *    production. It returns how it ended (`output/exit-codes.ts`), or throws a CommandError.
 * 3. Add its line here, its tests in `test/cli`, and its section in docs/cli.md.
 *
 * A command is thin. What it does lies in a room of its own, `cli/<name>/`, when that is more than a page. Rooms import no
 * command.
 */
export const COMMANDS: readonly Command[] = [
  status,
  board,
  watch,
  release,
  promote,
  plan,
  approve,
  reject,
  rollback,
  hold,
  lift,
  outputs,
  ephemeral,
  open,
  diff,
  propose,
  init,
  doctor,
];
