/**
 * Suites that share a cloud. The first ones compare all records before and after a request: until the gates of bad input
 * go on to expire, each leaves only deployments that have ended.
 */
import './link-flood.suite.ts';
import './webhook.suite.ts';
import './bad-input.suite.ts';
import './approving-in-a-browser.suite.ts';
import './plan-facts.suite.ts';
