import { findInstalledEngines } from '../services/codebuild/installed-engines.ts';
import { CLIENT, DATABASE, ENVIRONMENTS, STAFF } from './cast.ts';
import { REPOSITORY_URL } from './config-repository.ts';

/**
 * How the application of the example is registered, in the form of the bodies of the requests. The demo does so, and the
 * local cloud offers it to the command line. `engine`: one that is installed on this machine.
 */
export const registrationOf = (engine: 'terraform' | 'opentofu') => ({
  application: {
    client: 'acme',
    engine,
    configRepository: { url: REPOSITORY_URL, branch: 'main', provider: 'github-enterprise' },
    // AWS databases are protected by their kind. The example's database is only a stand-in, so it is protected by its
    // address.
    safeguards: { protectedAddresses: [DATABASE] },
  },
  environments: ENVIRONMENTS,
  // Their own addresses are also their names as callers of the API.
  approvers: {
    [STAFF]: { gates: ['staff'], principals: [STAFF] },
    [CLIENT]: { gates: ['client'], principals: [CLIENT] },
  },
});

/** Returns the engine with which the example runs: Terraform, where that is on the PATH. */
export async function exampleEngine(path: string): Promise<'terraform' | 'opentofu'> {
  const engines = await findInstalledEngines(path);
  return engines.some(({ name }) => name === 'terraform') ? 'terraform' : 'opentofu';
}
