import { identityOf, type SimulatedModule } from '../../harness/plan-artifacts.ts';

/** What a plan brings to its environment: every module of which something stands there, and the engine. */
export interface Brought {
  readonly modules: readonly {
    readonly call: string;
    readonly identity: string | undefined;
    readonly source: string;
  }[];
  /** With the minor version: `terraform 1.11`. */
  readonly engine: string;
}

interface Success {
  readonly environment: string;
  readonly release: number;
  readonly brought: Brought;
  /** False once a rollback, a removal or a move has withdrawn it. */
  isCounting: boolean;
  /** False once the environment in which it happened is gone. */
  isHere: boolean;
}

/** Something that a plan brings and that has not run before. */
export interface Unproven {
  readonly kind: 'module' | 'engine';
  /** The identity, or the engine; undefined for a module that no build has listed. */
  readonly subject: string | undefined;
  readonly source: string;
}

const BEFORE: Readonly<Record<string, string>> = { stage1: 'dev1', prod1: 'stage1' };

/** Everything that succeeded, in a plain list. It is the second half of rule 1, read without the code that applies it. */
export class PlainLedger {
  #successes: Success[] = [];

  copy(): PlainLedger {
    const copy = new PlainLedger();
    copy.#successes = structuredClone(this.#successes);
    return copy;
  }

  succeeded(environment: string, release: number, operation: 'deploy' | 'rollback', brought: Brought): void {
    if (operation === 'rollback')
      for (const success of this.#in(environment)) if (success.release > release) success.isCounting = false;
    this.#successes.push({ environment, release, brought, isCounting: true, isHere: true });
  }

  /** The environment was removed, or moved to another place. */
  gone(environment: string): void {
    for (const success of this.#in(environment)) Object.assign(success, { isCounting: false, isHere: false });
  }

  unproven(environment: string, operation: 'deploy' | 'rollback', { modules, engine }: Brought): Unproven[] {
    const before = BEFORE[environment];
    if (before === undefined) return [];
    const own = this.#in(environment).filter(({ isHere }) => isHere);
    const proving = [
      ...this.#in(before).filter(({ isCounting }) => isCounting),
      ...(operation === 'rollback' ? own : own.slice(-1)),
    ].map(({ brought }) => brought);
    const isProven = (identity: string | undefined) =>
      identity !== undefined && proving.some((success) => success.modules.some((each) => each.identity === identity));
    return [
      ...modules
        .filter(({ identity }) => !isProven(identity))
        .map(({ identity, source }) => ({ kind: 'module' as const, subject: identity, source })),
      ...(proving.some((success) => success.engine === engine)
        ? []
        : [{ kind: 'engine' as const, subject: `engine ${engine}`, source: '' }]),
    ];
  }

  #in(environment: string): Success[] {
    return this.#successes.filter((success) => success.environment === environment);
  }
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');

export const broughtBy = (modules: readonly SimulatedModule[], engineVersion: string): Brought => ({
  modules: modules
    .filter(({ inUse = true }) => inUse)
    .map(({ name, content, isListed = true, source = `../../modules/${name}` }) => ({
      call: `module.${name}`,
      identity: isListed ? identityOf(content) : undefined,
      source: source.split('?')[0] ?? source,
    })),
  engine: `terraform ${minorOf(engineVersion)}`,
});
