export interface BlockType {
  readonly labels: number;
  readonly blocks?: BlockTypes;
}
export type BlockTypes = Readonly<Record<string, BlockType>>;

/** The blocks that this program reads. In JSON, a block looks like an argument unless its name is known. */
export const BLOCK_TYPES: BlockTypes = {
  terraform: {
    labels: 0,
    blocks: {
      backend: { labels: 1 },
      cloud: { labels: 0 },
      encryption: {
        labels: 0,
        blocks: { key_provider: { labels: 2 }, method: { labels: 2 }, plan: { labels: 0 } },
      },
    },
  },
  module: { labels: 1 },
  variable: { labels: 1 },
};

/** The blocks in which a resource says whether it may be destroyed. */
export const LIFECYCLE_BLOCKS: BlockTypes = {
  resource: { labels: 2, blocks: { lifecycle: { labels: 0 } } },
};
