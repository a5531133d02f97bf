import type { BuildStandIn } from '../../local/services/codebuild/run-request.ts';

declare global {
  /** Set by the environment of the suites (`plain-globals.mjs`). */
  var importInProcessBuilds: () => Promise<typeof import('./in-process-builds.ts')>;
}

/**
 * Returns builds that run in this process, but outside of Jest's modules. Build programs go on between tests, and Jest
 * lets nobody import a module then.
 */
export async function buildsOutsideOfJest(): Promise<BuildStandIn> {
  const { InProcessBuilds } = await globalThis.importInProcessBuilds();
  return new InProcessBuilds();
}
