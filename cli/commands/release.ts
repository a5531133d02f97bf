import { command } from '../frame/command.ts';
import { short } from '../output/words.ts';
import { commitToRelease } from '../release/commit-to-release.ts';
import { findRelease } from '../release/find-release.ts';
import { watchRelease } from '../watch/watch-release.ts';

export const release = command({
  usage: 'release [commit]',
  summary: 'Make a release of a commit and deploy it to the first environment, as a push does',
  options: (yargs) =>
    yargs
      .positional('commit', { type: 'string', default: 'HEAD', describe: 'Commit, branch or tag of this working copy' })
      .option('again', { type: 'boolean', default: false, describe: 'Make another release of a commit that is one' })
      .option('watch', { type: 'boolean', default: false, describe: 'Wait until nothing of it is under way' }),
  async run(session) {
    const { api, options, surroundings } = session;
    const app = await session.application();
    const { configRepository } = await api.body(api.http.GET('/applications/{app}', { params: { path: { app } } }));
    const { notes, ...body } = await commitToRelease(surroundings.directory, options.commit, configRepository.url);
    for (const note of notes) session.note(note);
    const before = options.again ? undefined : await findRelease(api, app, body.commit);
    if (before) {
      session.report(before, ({ number }) => `${short(body.commit)} is release ${number} of ${app} already.`);
      return options.watch ? watchRelease(session, app, before.number) : 'ok';
    }
    const made = await api.body(api.http.POST('/applications/{app}/releases', { params: { path: { app } }, body }));
    if (!options.watch || !options.json)
      session.report(made, ({ number, commit, deploymentId }) =>
        deploymentId === null
          ? `Release ${number} of ${app} (${short(commit)}) is made. It was not deployed by itself; \`stagegate status\` says why.`
          : `Release ${number} of ${app} (${short(commit)}) is made and being deployed.`,
      );
    return options.watch ? watchRelease(session, app, made.number) : 'ok';
  },
});
