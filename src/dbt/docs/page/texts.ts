/** The page's texts in its languages. */

const en = {
  title: 'Documentation',
  skip: 'Skip to the content',
  overview: 'Overview',
  lineage: 'Lineage',
  lineageOf: 'Lineage of {name}',
  wholeLineage: 'Lineage of the project',
  search: 'Search names, columns, descriptions, code',
  searchShort: 'Search',
  results: '{count} found for “{query}”',
  noResults: 'Nothing found for “{query}”',
  more: 'Only the first {count} are shown: more words find less.',
  foundIn: 'in {fields}',
  'field.name': 'name',
  'field.column': 'columns',
  'field.tag': 'tags',
  'field.description': 'description',
  'field.path': 'path',
  'field.code': 'code',
  browse: 'Browse',
  'by.project': 'Project',
  'by.database': 'Database',
  'by.kind': 'Kind',
  description: 'Description',
  noDescription: 'It has no description yet.',
  columns: 'Columns',
  noColumns: 'No columns are known.',
  column: 'Column',
  type: 'Type',
  tests: 'Tests',
  comesFrom: 'Comes from',
  goesInto: 'Goes into',
  sameValue: 'the value as it is',
  madeOf: 'made of it',
  details: 'Details',
  tags: 'Tags',
  owner: 'Owner',
  package: 'Package',
  path: 'File',
  relation: 'Relation',
  meta: 'Meta',
  link: 'Address',
  code: 'Code',
  source: 'Source',
  compiled: 'Compiled',
  copy: 'Copy',
  copied: 'Copied',
  dependsOn: 'Depends on',
  usedBy: 'Used by',
  nothing: 'nothing',
  openLineage: 'Show it as a picture',
  up: 'Steps up',
  down: 'Steps down',
  all: 'all',
  kinds: 'Kinds',
  zoomIn: 'Larger',
  zoomOut: 'Smaller',
  fit: 'Whole picture',
  graphHelp: 'Arrow keys go from node to node, Enter opens one; + and − change the size, 0 shows all.',
  graphNode: '{kind} {name}: depends on {parents}, used by {children}',
  graphSize: '{nodes} nodes, {edges} dependencies',
  asList: 'As a list',
  emptyGraph: 'There is nothing to draw.',
  theme: 'Colours',
  'theme.auto': 'As the system',
  'theme.light': 'Light',
  'theme.dark': 'Dark',
  language: 'Language',
  generated: 'Made {when}, dbt {version}',
  notFound: 'There is no {id} in this project.',
  loading: 'Reading the project …',
  failed: 'The project could not be read: {reason}',
  failedHint:
    'A page opened from a file cannot read what lies beside it. Show it with “duckhouse dbt docs serve”, or make one that holds everything with “duckhouse dbt docs generate --static”.',
  counts: 'In this project',
  recent: 'Start here',
  welcome:
    'This page was made from the project itself. Browse it on the left, search it above, or look at how everything hangs together in the lineage. A docs block named __overview__ takes the place of this text.',
  'kind.model': 'model',
  'kind.seed': 'seed',
  'kind.snapshot': 'snapshot',
  'kind.source': 'source',
  'kind.test': 'test',
  'kind.unit_test': 'unit test',
  'kind.analysis': 'analysis',
  'kind.exposure': 'exposure',
  'kind.metric': 'metric',
  'kind.semantic_model': 'semantic model',
  'kind.saved_query': 'saved query',
  'kind.function': 'function',
  'kind.macro': 'macro',
};

export type TextId = keyof typeof en;

const fr: Readonly<Record<TextId, string>> = {
  title: 'Documentation',
  skip: 'Aller au contenu',
  overview: 'Présentation',
  lineage: 'Lignage',
  lineageOf: 'Lignage de {name}',
  wholeLineage: 'Lignage du projet',
  search: 'Chercher noms, colonnes, descriptions, code',
  searchShort: 'Recherche',
  results: '{count} résultats pour « {query} »',
  noResults: 'Rien ne correspond à « {query} »',
  more: 'Seuls les {count} premiers sont affichés : précisez avec d’autres mots.',
  foundIn: 'dans {fields}',
  'field.name': 'nom',
  'field.column': 'colonnes',
  'field.tag': 'étiquettes',
  'field.description': 'description',
  'field.path': 'chemin',
  'field.code': 'code',
  browse: 'Parcourir',
  'by.project': 'Projet',
  'by.database': 'Base',
  'by.kind': 'Nature',
  description: 'Description',
  noDescription: 'Pas encore de description.',
  columns: 'Colonnes',
  noColumns: 'Aucune colonne connue.',
  column: 'Colonne',
  type: 'Type',
  tests: 'Tests',
  comesFrom: 'Provient de',
  goesInto: 'Alimente',
  sameValue: 'la valeur telle quelle',
  madeOf: 'calculé à partir d’elle',
  details: 'Détails',
  tags: 'Étiquettes',
  owner: 'Responsable',
  package: 'Paquet',
  path: 'Fichier',
  relation: 'Relation',
  meta: 'Méta',
  link: 'Adresse',
  code: 'Code',
  source: 'Source',
  compiled: 'Compilé',
  copy: 'Copier',
  copied: 'Copié',
  dependsOn: 'Dépend de',
  usedBy: 'Utilisé par',
  nothing: 'rien',
  openLineage: 'Voir le schéma',
  up: 'Niveaux en amont',
  down: 'Niveaux en aval',
  all: 'tous',
  kinds: 'Natures',
  zoomIn: 'Agrandir',
  zoomOut: 'Réduire',
  fit: 'Tout voir',
  graphHelp: 'Les flèches vont d’un nœud à l’autre, Entrée en ouvre un ; + et − changent la taille, 0 montre tout.',
  graphNode: '{kind} {name} : dépend de {parents}, utilisé par {children}',
  graphSize: '{nodes} nœuds, {edges} dépendances',
  asList: 'Sous forme de liste',
  emptyGraph: 'Il n’y a rien à dessiner.',
  theme: 'Couleurs',
  'theme.auto': 'Comme le système',
  'theme.light': 'Clair',
  'theme.dark': 'Sombre',
  language: 'Langue',
  generated: 'Produit le {when}, dbt {version}',
  notFound: '{id} n’existe pas dans ce projet.',
  loading: 'Lecture du projet…',
  failed: 'Le projet n’a pas pu être lu : {reason}',
  failedHint:
    'Une page ouverte depuis un fichier ne peut pas lire ses voisins. Affichez-la avec « duckhouse dbt docs serve », ou produisez-en une qui contient tout avec « duckhouse dbt docs generate --static ».',
  counts: 'Dans ce projet',
  recent: 'Pour commencer',
  welcome:
    'Cette page est tirée du projet lui-même. Parcourez-le à gauche, cherchez en haut, ou regardez dans le lignage comment tout se tient. Un bloc docs nommé __overview__ remplace ce texte.',
  'kind.model': 'modèle',
  'kind.seed': 'seed',
  'kind.snapshot': 'snapshot',
  'kind.source': 'source',
  'kind.test': 'test',
  'kind.unit_test': 'test unitaire',
  'kind.analysis': 'analyse',
  'kind.exposure': 'exposition',
  'kind.metric': 'métrique',
  'kind.semantic_model': 'modèle sémantique',
  'kind.saved_query': 'requête enregistrée',
  'kind.function': 'fonction',
  'kind.macro': 'macro',
};

export const languages = { en, fr } as const;
export type Language = keyof typeof languages;

export interface Texts {
  readonly language: Language;
  t(id: TextId, params?: Readonly<Record<string, string | number>>): string;
  /** The name of a kind of resource; dbt's own word for one that is not known here. */
  kind(kind: string): string;
  number(value: number): string;
  date(value: string): string;
}

export function createTexts(language: Language): Texts {
  const catalogue: Readonly<Record<string, string>> = languages[language];
  const number = (value: number): string => value.toLocaleString(language);
  const t: Texts['t'] = (id, params = {}) =>
    (catalogue[id] ?? id).replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = params[name];
      return typeof value === 'number' ? number(value) : (value ?? '');
    });
  return {
    language,
    t,
    kind: (kind) => (Object.hasOwn(catalogue, `kind.${kind}`) ? t(`kind.${kind}` as TextId) : kind),
    number,
    date: (value) => {
      const date = new Date(value);
      return Number.isNaN(date.getTime())
        ? value
        : date.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });
    },
  };
}

export const languageFor = (wanted: readonly string[]): Language =>
  wanted.some((one) => /^fr\b/i.test(one)) && !/^en\b/i.test(wanted[0] ?? '') ? 'fr' : 'en';
