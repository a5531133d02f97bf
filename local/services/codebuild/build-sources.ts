import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProgramStarter } from '../../programs/program-starter.ts';
import type { LocalContext } from '../local-context.ts';
import { createAssetDirectory } from './asset-directory.ts';
import { createGitSources, SourceError } from './git-source.ts';
import { requirePermission } from './role-permission.ts';
import { type BuildStandIn, PhaseFailure, type RunRequest } from './run-request.ts';
import { NO_SOURCE, type PrimarySource, permissionsToFetch, S3_SOURCE } from './source.ts';

export interface BuildSourcesProps extends Pick<LocalContext, 'door' | 'findAsset' | 'filesDirectory'> {
  readonly programs: ProgramStarter;
  /** A directory that is used for every git location; without it locations are fetched as they are. */
  readonly configRepository?: string;
  readonly standIn?: BuildStandIn;
}

/** Fetches the sources of builds, with the permissions of their roles. */
export interface BuildSources {
  /** Returns the directory with the primary source; `base` is the build's own directory. */
  fetchPrimary(request: RunRequest, base: string): Promise<string>;
  /** Returns the directory of each secondary source by its identifier. */
  fetchSecondary(request: RunRequest): Promise<Record<string, string>>;
}

export function createBuildSources(props: BuildSourcesProps): BuildSources {
  const { door, findAsset, filesDirectory, programs, configRepository, standIn } = props;
  const assets = createAssetDirectory(join(filesDirectory, 'assets'));
  const gitSources = createGitSources(join(filesDirectory, 'sources'), programs);

  function requirePermissionToFetch(request: RunRequest, source: PrimarySource): void {
    const needed = permissionsToFetch(source, request.project.arn.split(':')[4] ?? '');
    for (const action of needed?.actions ?? []) requirePermission(door, request, action, needed?.resource ?? '');
  }

  async function layOutAsset(request: RunRequest, source: PrimarySource): Promise<string> {
    requirePermissionToFetch(request, source);
    const { location = '' } = source;
    const slash = location.indexOf('/');
    const [bucket, key] = [location.slice(0, slash), location.slice(slash + 1)];
    const asset = findAsset({ bucket, key });
    if (asset.packaging !== 'zip') throw new PhaseFailure('CLIENT_ERROR', `the source ${location} is no zip archive`);
    return assets.layOut(asset.path);
  }

  return {
    async fetchPrimary(request, base) {
      const { build, signal, log } = request;
      const { type, location } = build.source;
      if (type === S3_SOURCE) return layOutAsset(request, build.source);
      const target = join(base, 'src');
      await mkdir(target, { recursive: true });
      if (type === NO_SOURCE) return target;
      requirePermissionToFetch(request, build.source);
      const origin = configRepository ?? location;
      if (!origin) throw new PhaseFailure('CLIENT_ERROR', `the source of type ${type} has no location`);
      const version = build.sourceVersion ?? 'HEAD';
      log.note(`Fetching ${version} of ${location ?? origin}`);
      try {
        if (standIn?.checkOut) {
          await standIn.checkOut(request.variables, target);
          build.resolvedSourceVersion = version;
          return target;
        }
        const commit = await gitSources.checkOut({ location: origin, version, target, scratch: base, signal });
        build.resolvedSourceVersion = commit;
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        throw new PhaseFailure('CLIENT_ERROR', location ? error.message.replaceAll(origin, location) : error.message);
      }
      return target;
    },
    async fetchSecondary(request) {
      const directories: Record<string, string> = {};
      for (const { type, location, sourceIdentifier } of request.project.secondarySources) {
        directories[sourceIdentifier] = await layOutAsset(request, { type, location });
      }
      return directories;
    },
  };
}
