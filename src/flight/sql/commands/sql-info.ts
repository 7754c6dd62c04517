import { fieldMap, intsOf } from '../../proto/wire.ts';
import type { SqlCommands } from '../command.ts';
import { metadataCommand, sessionOf } from '../metadata.ts';
import { sqlInfoSchema } from '../reference-schemas.ts';
import { sqlInfos } from '../sql-info.ts';

/** What the server can do. Codes that are not known are left out; asked for none, all are given. */
export const sqlInfoCommands: SqlCommands = {
  CommandGetSqlInfo: metadataCommand('CommandGetSqlInfo', {
    schema: sqlInfoSchema,
    async columns(context, value) {
      const infos = await sqlInfos(sessionOf(context), context.lakehouse);
      const asked = intsOf(fieldMap(value), 1);
      const codes = asked.length === 0 ? [...infos.keys()] : [...new Set(asked)].filter((code) => infos.has(code));
      return [codes, codes.map((code) => infos.get(code))];
    },
  }),
};
