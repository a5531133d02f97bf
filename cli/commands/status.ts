import { command } from '../frame/command.ts';
import { describePipeline } from '../pipeline/describe-pipeline.ts';
import { readPipeline } from '../pipeline/pipeline-now.ts';

export const status = command({
  usage: 'status [app]',
  summary: 'Show what is deployed where, what is under way, and what waits for whom',
  options: (yargs) => yargs.positional('app', { type: 'string', describe: 'Application' }),
  async run(session) {
    const pipeline = await readPipeline(session.api, await session.application());
    session.report(pipeline, (harmless) => describePipeline(harmless, session.surroundings.now()));
    return 'ok';
  },
});
