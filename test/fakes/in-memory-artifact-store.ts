import { createHash } from 'node:crypto';
import { BuildResultError } from '../../lambdas/domain/errors.ts';
import type { Artifact, ArtifactStore, CopiedArtifact, StoredText } from '../../lambdas/domain/ports.ts';
import { NOW } from '../harness/builders.ts';

/** A versioned bucket of texts. */
export class InMemoryArtifactStore implements ArtifactStore {
  readonly bucket = 'stagegate-artifacts';
  /** When everything in it was put there. */
  modifiedAt = NOW;
  readonly #versions = new Map<string, string[]>();

  /** The same texts in a bucket of their own. */
  copy(): InMemoryArtifactStore {
    const copy = new InMemoryArtifactStore();
    copy.modifiedAt = this.modifiedAt;
    for (const [key, versions] of this.#versions) copy.#versions.set(key, versions);
    return copy;
  }

  async getJson(
    key: string,
    versionId?: string,
    mostBytes = Number.POSITIVE_INFINITY,
  ): Promise<{ value: unknown; versionId: string } | undefined> {
    const versions = this.#versions.get(key) ?? [];
    const index = versionId === undefined ? versions.length - 1 : Number(versionId) - 1;
    const text = versions[index];
    if (text === undefined) return undefined;
    if (text.length > mostBytes) throw new BuildResultError(`reading ${key}: ${text.length} bytes are too many`);
    try {
      return { value: JSON.parse(text), versionId: String(index + 1) };
    } catch {
      throw new BuildResultError(`reading ${key}: not JSON`);
    }
  }

  async getText(key: string): Promise<StoredText | undefined> {
    const text = this.#versions.get(key)?.at(-1);
    return text === undefined ? undefined : { text, modifiedAt: this.modifiedAt };
  }

  async putJson(key: string, value: unknown): Promise<Artifact> {
    return this.putText(key, JSON.stringify(value));
  }

  async copyOnce(from: string, to: string): Promise<CopiedArtifact | undefined> {
    const text = this.#versions.get(from)?.at(-1);
    if (text === undefined) return undefined;
    const there = this.#versions.get(to)?.at(-1);
    if (there !== undefined && there !== text) throw new BuildResultError(`copying to ${to}: something else is there`);
    const sha256 = createHash('sha256').update(text).digest('hex');
    return { ...(there === undefined ? this.putText(to, text) : { key: to, versionId: '1' }), sha256 };
  }

  async isThere({ key, versionId }: Artifact): Promise<boolean> {
    return String(this.#versions.get(key)?.length) === versionId;
  }

  async deleteForGood(key: string): Promise<void> {
    this.#versions.delete(key);
  }

  /** What people put there by hand. */
  putText(key: string, text: string): Artifact {
    const versions = [...(this.#versions.get(key) ?? []), text];
    this.#versions.set(key, versions);
    return { key, versionId: String(versions.length) };
  }

  keys(): string[] {
    return [...this.#versions.keys()];
  }
}
