// /api/export: all people of the project, one a line.

import { answer, failure } from '../answers.mjs';
import { shown } from '../profiles.mjs';

const TYPES = { 'Content-Type': 'application/x-json-stream' };

/** Fields stand beside the identifiers, as exports are seen to be; other kinds of data are not built. */
export function dataJson(ctx) {
  const { dataTypeName, range, startDateTime, endDateTime, omitFields, onlyFields } = ctx.values.query;
  if (dataTypeName !== 'user') return failure(400, 'BadParams', `No data of the type ${dataTypeName}`);
  if (range === undefined && (startDateTime === undefined || endDateTime === undefined))
    return failure(400, 'BadParams', 'Either range or startDateTime and endDateTime is required');
  if (range !== 'All') return failure(501, 'GenericError', 'Only range=All is built');
  const omitted = new Set((omitFields ?? '').split(','));
  const lines = [...ctx.store.users.values()].map((user) => {
    const { email, userId, dataFields } = shown(user, ctx.project);
    const all = { ...dataFields, email, ...(userId === undefined ? {} : { userId }) };
    const names = Object.keys(all).filter(
      (name) => !omitted.has(name) && (onlyFields === undefined || onlyFields.includes(name)),
    );
    return `${JSON.stringify(Object.fromEntries(names.map((name) => [name, all[name]])))}\n`;
  });
  return answer(200, lines.join(''), TYPES);
}
