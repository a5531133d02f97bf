import { command } from '../frame/command.ts';
import { describeAllPipelines, readAllPipelines } from '../pipeline/all-pipelines.ts';
import { describePipeline } from '../pipeline/describe-pipeline.ts';
import { readPipeline } from '../pipeline/pipeline-now.ts';

export const status = command({
  usage: 'status [app]',
  summary: 'Show what is deployed where, what is under way, and what waits for whom',
  options: (yargs) =>
    yargs
      .positional('app', { type: 'string', describe: 'Application' })
      .option('all', { type: 'boolean', default: false, describe: 'All applications, a line each' }),
  async run(session) {
    const now = session.surroundings.now();
    const near = session.options.all ? undefined : session.nearApplication();
    const all = near === undefined ? await readAllPipelines(session.api) : undefined;
    if (all && (session.options.all || all.applications.length > 1)) {
      session.report(all, (harmless) => describeAllPipelines(harmless, now));
      return 'ok';
    }
    const pipeline = await readPipeline(session.api, near ?? (await session.application()));
    session.report(pipeline, (harmless) => describePipeline(harmless, now));
    return 'ok';
  },
});
