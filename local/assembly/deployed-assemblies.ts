import type { LocalContext } from '../services/local-context.ts';
import { type CloudAssembly, loadAssembly } from './cloud-assembly.ts';

/** The assembly that is deployed, and the assets of those that were deployed before it. */
export interface DeployedAssemblies extends Pick<CloudAssembly, 'stack'>, Pick<LocalContext, 'findAsset'> {
  /** Reads another assembly, which counts from now on. */
  replace(directory: string): void;
}

/**
 * Reads the assembly in `directory`. As in AWS, an asset stays when a newer assembly is deployed: a build that was
 * started before still gets the program of its time.
 */
export function readDeployedAssemblies(directory: string, accountId: string, region: string): DeployedAssemblies {
  const read = (from: string) => {
    const assembly = loadAssembly(from);
    return { stack: assembly.stack, findAsset: assembly.assetFinder(accountId, region) };
  };
  let current = read(directory);
  const finders = [current.findAsset];
  return {
    stack: (name) => current.stack(name),
    findAsset(location) {
      for (const find of finders) {
        const found = find(location);
        if (found) return found;
      }
      throw new Error(`no deployed assembly has an asset for s3://${location.bucket}/${location.key}`);
    },
    replace(next) {
      current = read(next);
      finders.unshift(current.findAsset);
    },
  };
}
