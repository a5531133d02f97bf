import { createHash } from 'node:crypto';
import { STYLE } from '../../../lambdas/pages/parts/style.ts';
import { BOARD_SCRIPT } from '../../generated/board-script.ts';
import { BOARD_STYLE } from './board-style.ts';

/** What every page of the board loads: the style of all pages with the board's own, and the script. */
export const STYLESHEET = `${STYLE}${BOARD_STYLE}`;
export const SCRIPT = BOARD_SCRIPT;

const addressOf = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 16);

/** A part of their addresses that changes with them. */
export const STYLE_ADDRESS = addressOf(STYLESHEET);
export const SCRIPT_ADDRESS = addressOf(SCRIPT);
