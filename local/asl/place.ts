import type { State } from './definition.ts';
import type { Entered, Position } from './execution.ts';
import type { Json } from './json.ts';

/** A state that has been entered. */
export interface Place<S extends State = State> {
  readonly name: string;
  readonly state: S;
  readonly input: Json;
  readonly entered: Entered;
}

export const positionOf = ({ name, input, entered }: Place): Position => ({ state: name, input, entered });
