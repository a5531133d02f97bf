/** The messages between the local cloud and the small process that starts programs for it. */

export type OutputName = 'stdout' | 'stderr' | 'reports';

export interface StartMessage {
  readonly id: number;
  readonly command: string;
  readonly parameters: readonly string[];
  readonly directory: string | undefined;
  /** The whole environment of the program. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Whether the program gets file descriptor 3 to write to. */
  readonly reports: boolean;
  /** Whether the processes that the program leaves running in its process group are killed when the program ends. */
  readonly endsGroup: boolean;
}

export type StarterMessage =
  | { readonly kind: 'started'; readonly id: number; readonly pid: number }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string }
  | { readonly kind: 'output'; readonly id: number; readonly name: OutputName; readonly bytes: Uint8Array }
  /** The program and everything that held its outputs have ended. */
  | { readonly kind: 'ended'; readonly id: number; readonly code: number | undefined };
