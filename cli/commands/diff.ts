import { compareSides } from '../diff/compare.ts';
import { describeDiff } from '../diff/describe-diff.ts';
import { readSide } from '../diff/sides.ts';
import { command } from '../frame/command.ts';

export const diff = command({
  usage: 'diff <one> <other>',
  summary: 'Compare what runs in two environments, or two deployments',
  options: (yargs) =>
    yargs
      .positional('one', { type: 'string', demandOption: true, describe: 'Environment, or id of a deployment' })
      .positional('other', { type: 'string', demandOption: true, describe: 'Environment, or id of a deployment' })
      .example('$0 diff stage1 prod1', 'what a promotion would bring, as far as versions go'),
  async run(session) {
    const { api, options } = session;
    const app = await session.application();
    const [one, other] = await Promise.all([readSide(api, app, options.one), readSide(api, app, options.other)]);
    session.report(compareSides(one, other), describeDiff);
    return 'ok';
  },
});
