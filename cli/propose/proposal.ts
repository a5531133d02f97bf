/** A piece of a file and what is to stand there instead. Places are numbers of characters from its beginning. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** What is to become of one module call. */
export interface Proposal {
  readonly call: string;
  /** Path of its file in the working copy; null for a call that stands in another module. */
  readonly file: string | null;
  readonly line: number | null;
  /**
   * `change`: it stands behind what ran, and gets its version. `same`: it names what ran. `ahead`: it names something
   * newer. `undecided`: left as it is, for the reason.
   */
  readonly verdict: 'change' | 'same' | 'ahead' | 'undecided';
  /** The version or ref that is written now; null if there is none. */
  readonly now: string | null;
  /** The version or ref that ran, or stands for the content that ran; null if there is none. */
  readonly ran: string | null;
  readonly reason: string;
  readonly edit?: Edit;
}

/** A version or ref that the decision has come to, before it is placed in the file. */
export type Decision =
  | { readonly verdict: 'change'; readonly to: string; readonly reason: string }
  | { readonly verdict: 'same' | 'ahead'; readonly ran: string; readonly reason: string }
  | { readonly verdict: 'undecided'; readonly ran?: string; readonly reason: string };

export const undecided = (reason: string, ran?: string): Decision => ({
  verdict: 'undecided',
  reason,
  ...(ran !== undefined && { ran }),
});

/** A module call of the environment that the versions are taken from, as its plan recorded it. */
export interface RanModule {
  /** Address of the call, such as `module.web`. */
  readonly call: string;
  /** The source as it was written, without credentials. */
  readonly source: string;
  readonly version: string;
  /** Hash of the content that ran; absent when no build has listed it. */
  readonly identity?: string | undefined;
  /** Whether anything of it stands in the environment. */
  readonly inUse?: boolean | undefined;
}
