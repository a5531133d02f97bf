import type { Database } from '../../persistence/database.ts';
import type { BuildRecord } from './build-record.ts';

/** Milliseconds for which a token identifies the build that it started. */
const IDEMPOTENCY_MS = 5 * 60_000;

interface TokenUse {
  readonly at: number;
  /** Digest of the input that the build was started with. */
  readonly parameters: string;
  readonly buildId: string;
}

/** Builds, their numbers, and the tokens that started them. Every change is in the database before the call returns. */
export interface BuildStore {
  find(id: string): BuildRecord | undefined;
  put(build: BuildRecord): void;
  unfinished(): BuildRecord[];
  /** Returns the next number of a project's builds and counts it as used. */
  takeNumber(projectName: string): number;
  /** Returns how the token was used within the last five minutes. */
  findTokenUse(projectName: string, token: string): TokenUse | undefined;
  putTokenUse(projectName: string, token: string, use: Omit<TokenUse, 'at'>): void;
}

export function createBuildStore(database: Database): BuildStore {
  const builds = database.collection<BuildRecord>('codebuild-builds');
  const counters = database.collection<number>('codebuild-counters');
  const tokens = database.collection<TokenUse>('codebuild-tokens');
  return {
    find: (id) => builds.get(id),
    put: (build) => builds.put(build.id, build),
    unfinished: () =>
      builds
        .entries()
        .map(([, build]) => build)
        .filter(({ buildComplete }) => !buildComplete),
    takeNumber(projectName) {
      const number = (counters.get(projectName) ?? 0) + 1;
      counters.put(projectName, number);
      return number;
    },
    findTokenUse(projectName, token) {
      const use = tokens.get(`${projectName}/${token}`);
      return use && Date.now() - use.at <= IDEMPOTENCY_MS ? use : undefined;
    },
    putTokenUse: (projectName, token, use) => tokens.put(`${projectName}/${token}`, { at: Date.now(), ...use }),
  };
}
