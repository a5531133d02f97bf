import type { Html } from '../../../lambdas/pages/parts/html.ts';
import type { Api } from '../../client/api-client.ts';
import type { Scene } from '../frame/scene.ts';

/** Where somebody wants to do something. */
export interface Target {
  readonly app: string;
  readonly env: string;
  /** The deployment, for what is done to one. */
  readonly id?: string | undefined;
}

/** A field of the form beside the name of a production environment. */
export type Field =
  | { readonly kind: 'fixed'; readonly name: string; readonly value: string }
  | { readonly kind: 'text'; readonly name: string; readonly label: string; readonly most: number }
  | {
      readonly kind: 'choice';
      readonly name: string;
      readonly label: string;
      readonly choices: readonly { readonly value: string; readonly text: Html }[];
    };

/** What somebody is asked before anything is done. */
export interface Question {
  readonly application: string;
  readonly environment: string;
  readonly stage: 'development' | 'staging' | 'production';
  /** What will be done, as a heading: `Promote release 7 to prod1`. */
  readonly heading: string;
  /** What follows from it, a sentence each. */
  readonly consequences: readonly Html[];
  readonly fields: readonly Field[];
  /** The words on the button: `Promote release 7`. */
  readonly button: string;
  readonly isUndoing?: boolean;
}

/** Something that can be done from the board. */
export interface Action {
  /**
   * Reads what is there and says what would be done. Throws CommandError when it cannot be done at all. `query` is what
   * stands in the address or in the form.
   */
  readonly ask: (api: Api, target: Target, query: URLSearchParams, scene: Scene) => Promise<Question>;
  /**
   * Does it, once for each key, however often it is sent. Returns the address of what shows it. Throws CommandError when
   * a field is wrong, and what the API answers.
   */
  readonly perform: (
    api: Api,
    target: Target,
    form: URLSearchParams,
    given: { readonly scene: Scene; readonly key: string },
  ) => Promise<string>;
}
