import type { Artifact, ArtifactStore } from '../../lambdas/domain/ports.ts';

/** A versioned bucket of JSON objects. */
export class InMemoryArtifactStore implements ArtifactStore {
  readonly bucket = 'stagegate-artifacts';
  readonly #versions = new Map<string, string[]>();

  async getJson(key: string, versionId?: string): Promise<{ value: unknown; versionId: string } | undefined> {
    const versions = this.#versions.get(key) ?? [];
    const index = versionId === undefined ? versions.length - 1 : Number(versionId) - 1;
    const text = versions[index];
    return text === undefined ? undefined : { value: JSON.parse(text), versionId: String(index + 1) };
  }

  async putJson(key: string, value: unknown): Promise<Artifact> {
    const versions = [...(this.#versions.get(key) ?? []), JSON.stringify(value)];
    this.#versions.set(key, versions);
    return { key, versionId: String(versions.length) };
  }

  keys(): string[] {
    return [...this.#versions.keys()];
  }
}
