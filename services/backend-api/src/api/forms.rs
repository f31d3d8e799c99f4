//! Objects that have one of several forms, as the document tells it: a struct by itself says only which members there are.

use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr};

/// One form: the members that it has, and those that it must not have.
struct Form(&'static [&'static str], &'static [&'static str]);

/// Each object with its forms. A member that is `null` is as good as absent.
const FORMS: [(&str, &[Form]); 3] = [
    ("Reminder", &[Form(&["before"], &["at"]), Form(&["at"], &["before"])]),
    (
        "WrittenRecurrence",
        &[
            Form(&["frequency"], &[]),
            Form(&["rrule"], &["frequency", "interval", "by_weekday", "by_month_day", "count", "until"]),
            Form(&["text"], &["frequency", "rrule", "interval", "by_weekday", "by_month_day", "count", "until"]),
        ],
    ),
    (
        "TokenRequest",
        &[Form(&["email", "password"], &["refresh_token"]), Form(&["refresh_token"], &["email", "password"])],
    ),
];

/// Adds the forms to the objects of the document.
pub fn add(document: &mut OpenApi) {
    let schemas = document.components.iter_mut().flat_map(|components| &mut components.schemas);
    for (name, schema) in schemas {
        if let Some((_, forms)) = FORMS.iter().find(|(object, _)| object == name) {
            let members = std::mem::replace(schema, RefOr::T(Schema::default()));
            let forms = forms.iter().fold(OneOfBuilder::new(), |all, form| all.item(form.schema()));
            *schema = RefOr::T(Schema::AllOf(AllOfBuilder::new().item(members).item(forms).build()));
        }
    }
}

impl Form {
    fn schema(&self) -> Schema {
        let Self(present, absent) = self;
        let mut object = ObjectBuilder::new();
        for name in *present {
            object = object.required(*name).property(*name, only(Type::String));
        }
        for name in *absent {
            object = object.property(*name, only(Type::Null));
        }
        Schema::Object(object.build())
    }
}

fn only(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(kind))
}
