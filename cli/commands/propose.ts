import { command } from '../frame/command.ts';
import { CommandError } from '../output/command-error.ts';
import { describeProposals } from '../propose/describe-proposals.ts';
import { propose as proposeChanges } from '../propose/propose.ts';
import { readProposeFacts } from '../propose/propose-facts.ts';
import { WorkingCopyError } from '../propose/working-copy.ts';

export const propose = command({
  usage: 'propose <from> <to>',
  summary: 'Write the module versions that ran in one environment into the directory of another',
  options: (yargs) =>
    yargs
      .positional('from', { type: 'string', demandOption: true, describe: 'Environment whose versions have run' })
      .positional('to', { type: 'string', demandOption: true, describe: 'Environment whose files are changed' })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Only show what would be written' })
      .example('$0 propose dev1 stage1', 'then look at `git diff`, and commit'),
  async run(session) {
    const { from, to, dryRun } = session.options;
    const facts = await readProposeFacts(session, from, to);
    const input = { ...facts, from, isWritten: !dryRun };
    const result = await proposeChanges(input).catch((error: unknown) => {
      if (error instanceof WorkingCopyError) throw new CommandError('usage', error.message, { cause: error });
      throw error;
    });
    const { proposals, written } = result;
    const shown = proposals.map(({ edit: _, ...proposal }) => proposal);
    session.report({ from, to, proposals: shown, written }, () => describeProposals(result, { from, to, dryRun }));
    return 'ok';
  },
});
