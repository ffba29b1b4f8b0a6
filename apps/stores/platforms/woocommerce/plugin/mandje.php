<?php
/**
 * Plugin Name: Mandje for WooCommerce
 * Description: Tells your own Mandje about baskets, with the shopper's permission, and brings a basket back from a link.
 * Version: 1.0.0
 * Requires at least: 6.4
 * Requires PHP: 7.4
 * Requires Plugins: woocommerce
 * WC requires at least: 8.9
 * WC tested up to: 11.0
 * Author: Mandje
 * License: GPL-2.0-or-later
 * License URI: https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain: mandje
 * Update URI: false
 *
 * This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public
 * License as published by the Free Software Foundation, either version 2 of the License, or (at your option) any later
 * version. It is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY.
 *
 * How it works: hooks of the cart raise a flag; once, at the end of the request, the basket is compared with what was
 * kept and written to one small table; a background job tells Mandje about a minute later. Nothing is called within a
 * shopper's request, and nothing in here can break one: every callback is caught (class Hooks).
 */

namespace Mandje;

defined( 'ABSPATH' ) || exit;

const VERSION = '1.0.0';

// <mandje:configuration>
// Written by Mandje when the plugin is downloaded; all the rest of this file is the same for every shop.
const CONFIGURATION = array(
	'endpoint'     => '',
	'updates'      => '',
	'secret'       => '',
	'mode'         => 'consent',
	'countries'    => array( 'NL', 'BE', 'DE', 'AT', 'FR' ),
	'box'          => '',
	'text_version' => '',
);
// </mandje:configuration>

const TABLE_VERSION  = '1';
const TOPIC          = 'rcv_cart.updated';
const BOX            = 'rcv/marketing-opt-in';
const BOX_META       = '_wc_other/rcv/marketing-opt-in';
const BOX_POSTED     = 'rcv_marketing_opt_in';
const CONSENT_META   = '_rcv_consent';
const COOKIE         = 'rcv_no';
const QUIET_SECONDS  = 60;
const KEPT_DAYS      = 60;
const BATCH          = 50;
const BATCHES        = 10;
const BODY_BYTES     = 1048576;
const MOST_ITEMS     = 100;
const MOST_ASKED     = 10;
const RETRY_SECONDS  = array( 60, 300, 1800, 7200, 43200 );
const AFTER_GIVEN_UP = 3600;

/** Every callback of ours: what goes wrong in it is noted and goes no further. */
final class Hooks {

	public static function on( string $hook, callable $callback, int $priority = 10, int $arguments = 1 ): void {
		add_filter(
			$hook,
			static function ( ...$given ) use ( $callback ) {
				$first = $given[0] ?? null;
				try {
					$answer = $callback( ...$given );
					return null === $answer ? $first : $answer;
				} catch ( \Throwable $trouble ) {
					self::note( $trouble );
					return $first;
				}
			},
			$priority,
			$arguments
		);
	}

	/** The kind and place of a trouble; never its message, which may hold a shopper's words. */
	public static function note( \Throwable $trouble ): void {
		try {
			$words = get_class( $trouble ) . ' in line ' . $trouble->getLine();
			if ( function_exists( 'wc_get_logger' ) ) {
				wc_get_logger()->error( $words, array( 'source' => 'mandje' ) );
			}
		} catch ( \Throwable $again ) {
			return;
		}
	}
}

/** What we say, in the visitor's language. Neutral wording: neither je nor u. */
final class Words {

	private const TEXTS = array(
		'nl' => array(
			'box'         => 'Ja, %s mag mij e-mails sturen over mijn winkelmandje, acties en nieuws. Afmelden kan altijd.',
			'kept'        => 'Dit winkelmandje wordt bewaard; er kan een herinnering per e-mail volgen.',
			'only_ticked' => 'Alleen met het vinkje bij e-mails wordt dit adres gebruikt voor een herinnering aan dit winkelmandje.',
			'no'          => 'Nee, bedankt',
			'done'        => 'Begrepen: er volgt geen herinnering.',
			'expired'     => 'Deze link is verlopen. Alles in de winkel is er nog gewoon.',
			'gone'        => 'Niet meer verkrijgbaar: %s',
			'something'   => 'een artikel uit het winkelmandje',
			'trouble'     => 'Mandje is al een tijd niet bereikbaar. Winkelmandjes worden bewaard en later doorgegeven. Laatste antwoord: %s',
			'privacy'     => 'Deze winkel bewaart winkelmandjes die niet zijn afgerekend (artikelen, bedragen, taal en land) hoogstens 60 dagen, en geeft ze door aan het eigen mailprogramma Mandje. Een e-mailadres hoort daar alleen bij nadat op de afrekenpagina te lezen stond waarvoor het wordt gebruikt, en in Nederland, België, Duitsland, Oostenrijk en Frankrijk alleen met een aangevinkt vakje. Wie "Nee, bedankt" kiest, krijgt geen herinnering; dat wordt onthouden in het cookie rcv_no.',
			'group'       => 'Bewaarde winkelmandjes',
			'topic'       => 'Mandje: winkelmandjes',
		),
		'en' => array(
			'box'         => 'Yes, %s may send me e-mails about my basket, offers and news. I can unsubscribe at any time.',
			'kept'        => 'This basket is kept, and a reminder may follow by e-mail.',
			'only_ticked' => 'Only with the box about e-mails ticked is this address used for a reminder about this basket.',
			'no'          => 'No thanks',
			'done'        => 'Understood: no reminder will follow.',
			'expired'     => 'This link has expired. Everything in the shop is still here.',
			'gone'        => 'No longer available: %s',
			'something'   => 'an item of the basket',
			'trouble'     => 'Mandje has not been reachable for a while. Baskets are kept and passed on later. Last answer: %s',
			'privacy'     => 'This shop keeps baskets that were not paid for (items, amounts, language and country) for at most 60 days and passes them on to its own mailing engine, Mandje. An e-mail address belongs to them only after the checkout page has said what it is used for, and in the Netherlands, Belgium, Germany, Austria and France only with a ticked box. Whoever chooses "No thanks" gets no reminder; the cookie rcv_no remembers that.',
			'group'       => 'Kept baskets',
			'topic'       => 'Mandje: baskets',
		),
	);

	public static function of( string $name, bool $for_admin = false ): string {
		$locale = $for_admin && function_exists( 'get_user_locale' ) ? get_user_locale() : determine_locale();
		return self::TEXTS[ 0 === strpos( $locale, 'nl' ) ? 'nl' : 'en' ][ $name ];
	}

	/** The text beside the box: the shop's own as Mandje knows it, else ours. */
	public static function box(): string {
		$own = (string) Configuration::get( 'box' );
		return '' === $own ? sprintf( self::of( 'box' ), wp_specialchars_decode( get_bloginfo( 'name' ), ENT_QUOTES ) ) : $own;
	}

	/** Names the text a shopper agreed to. */
	public static function version(): string {
		$known = (string) Configuration::get( 'text_version' );
		return '' === $known ? 'built-in-' . substr( hash( 'sha256', self::box() ), 0, 12 ) : $known;
	}
}

/** What Mandje told this plugin: written into this file, refreshed with the updates, and the webhook it made. */
final class Configuration {

	private const REFRESHED = array( 'mode', 'countries', 'box', 'text_version' );

	/** @var array|null */
	private static $door = null;

	/** @return mixed */
	public static function get( string $name ) {
		if ( in_array( $name, self::REFRESHED, true ) ) {
			$newer = get_option( 'rcv_settings' );
			if ( is_array( $newer ) && isset( $newer[ $name ] ) && self::file() === ( $newer['file'] ?? self::file() ) ) {
				return $newer[ $name ];
			}
		}
		return CONFIGURATION[ $name ];
	}

	/**
	 * Where to tell, and the key to sign with. A webhook with our topic, made by Mandje, wins over this file; one that
	 * was paused in WooCommerce switches us off.
	 *
	 * @return array{url:string,secret:string,source:string,off:bool}
	 */
	public static function door(): array {
		if ( null === self::$door ) {
			self::$door = self::webhook() ?? array(
				'url'    => CONFIGURATION['endpoint'],
				'secret' => CONFIGURATION['secret'],
				'source' => 'file',
				'off'    => '' === CONFIGURATION['endpoint'],
			);
		}
		return self::$door;
	}

	private static function webhook(): ?array {
		global $wpdb;
		if ( ! function_exists( 'wc_get_webhook' ) ) {
			return null;
		}
		$found = (array) $wpdb->get_results( $wpdb->prepare( "SELECT webhook_id, status, delivery_url FROM {$wpdb->prefix}wc_webhooks WHERE topic = %s ORDER BY webhook_id DESC LIMIT 20", TOPIC ) );
		// The one of the Mandje that wrote this file, also after it moved; else the newest.
		$ours  = array_filter(
			$found,
			static function ( $row ) {
				return basename( $row->delivery_url ) === basename( CONFIGURATION['endpoint'] );
			}
		);
		$first = null;
		foreach ( $ours ? $ours : $found as $row ) {
			if ( 'active' === $row->status ) {
				$first = $row;
				break;
			}
			$first = $first ?? $row;
		}
		$hook = $first ? wc_get_webhook( (int) $first->webhook_id ) : null;
		if ( ! $hook ) {
			return null;
		}
		return array(
			'url'    => (string) $hook->get_delivery_url(),
			'secret' => (string) $hook->get_secret(),
			'source' => 'webhook',
			'off'    => 'active' !== $first->status,
		);
	}

	/** Every key a link of ours may be signed with: the webhook's, and the older one in this file. */
	public static function secrets(): array {
		return array_values( array_unique( array_filter( array( self::door()['secret'], CONFIGURATION['secret'] ) ) ) );
	}

	/** Names what is written in this file: news that came for an older file does not outlive it. */
	public static function file(): string {
		return md5( serialize( CONFIGURATION ) );
	}

	public static function forget(): void {
		self::$door = null;
	}
}

/** WooCommerce signs with the secret as it reads after decoding; so do we, and so does Mandje. */
final class Signature {

	public static function key( string $secret ): string {
		return wp_specialchars_decode( $secret, ENT_QUOTES );
	}

	public static function of( string $message, string $secret ): string {
		return base64_encode( hash_hmac( 'sha256', $message, self::key( $secret ), true ) );
	}
}

/** Whether a shopper's address may be kept and told. A function of its arguments; the browser asks the same first. */
final class Permission {

	/**
	 * In the listed countries, and where the country is unknown, only a ticked box will do; elsewhere the notice must have
	 * been on screen. Where the shop asks for consent, or only follows accounts, that comes on top.
	 *
	 * @param array{mode:string,countries:array,country:string,base:string,consent:string,seen:bool,account:bool} $of
	 */
	public static function granted( array $of ): bool {
		if ( 'denied' === $of['consent'] || ( 'accounts' === $of['mode'] && ! $of['account'] ) ) {
			return false;
		}
		if ( 'granted' === $of['consent'] ) {
			return true;
		}
		if ( ! in_array( $of['mode'], array( 'notice', 'accounts' ), true ) || self::needs_box( $of ) ) {
			return false;
		}
		return 'accounts' === $of['mode'] || $of['seen'];
	}

	private static function needs_box( array $of ): bool {
		$known = array_filter( array( $of['country'], $of['base'] ) );
		return ! $known || (bool) array_intersect( $known, $of['countries'] );
	}
}

/** The visitor of this request: their session, what they said in it, and whether we follow them at all. */
final class Visit {

	private const ROBOTS = '/bot\b|bot\/|crawl|spider|slurp|facebookexternalhit|preview|lighthouse|pingdom|uptime|monitor/i';

	public static function here(): bool {
		return function_exists( 'WC' ) && WC() && ! empty( WC()->session ) && ! empty( WC()->cart ) && ! empty( WC()->customer );
	}

	/** A random name for this basket, made when it first matters. */
	public static function basket( bool $make = false ): string {
		// Whoever opens a shared session of WooCommerce gets a copy of it: the items, but never our name for the basket.
		$origin = (string) WC()->session->get( 'previous_customer_id', '' );
		if ( (string) WC()->session->get( 'rcv_origin', '' ) !== $origin ) {
			self::forget( array_merge( OrderTie::KEYS, array( 'rcv_no' ) ) );
			WC()->session->set( 'rcv_origin', $origin );
		}
		$id = (string) WC()->session->get( 'rcv_cart', '' );
		if ( ! preg_match( '/^[0-9a-f]{32}$/D', $id ) ) {
			$id = '';
		}
		if ( '' === $id && $make ) {
			$id = bin2hex( random_bytes( 16 ) );
			WC()->session->set( 'rcv_cart', $id );
		}
		return $id;
	}

	public static function is_person(): bool {
		$agent = (string) ( $_SERVER['HTTP_USER_AGENT'] ?? '' );
		return '' !== $agent && ! preg_match( self::ROBOTS, $agent ) && ( ! is_admin() || wp_doing_ajax() );
	}

	public static function has_refused(): bool {
		return ! empty( $_COOKIE[ COOKIE ] ) || (bool) WC()->session->get( 'rcv_no' );
	}

	/** The site's own consent tool, and whoever filters. */
	public static function may_follow(): bool {
		$may = ! function_exists( 'wp_has_consent' ) || wp_has_consent( 'marketing' );
		return (bool) apply_filters( 'rcv_should_track', $may );
	}

	/** Where the shopper says to live, as far as known, and where the shop is. */
	public static function countries(): array {
		$customer = WC()->customer;
		$said     = (string) Basket::$said['country'];
		$country  = '' !== $said ? $said : (string) ( $customer->get_billing_country() ? $customer->get_billing_country() : $customer->get_shipping_country() );
		$base     = function_exists( 'wc_get_base_location' ) ? wc_get_base_location() : array();
		return array( strtoupper( $country ), strtoupper( (string) ( $base['country'] ?? '' ) ) );
	}

	public static function forget( array $names ): void {
		foreach ( $names as $name ) {
			WC()->session->set( $name, null );
		}
	}
}

/**
 * Our own table. A row is a basket (`id` is the basket's), or something that must be told once: a consent that ended, a
 * person to erase. `stamp` changes with every change, so that what changed while it was told is told again.
 */
final class Table {

	public static function name(): string {
		global $wpdb;
		return $wpdb->prefix . 'rcv_carts';
	}

	/** Made when something is first written, so that every blog of a network has its own. */
	public static function ready(): void {
		if ( get_option( 'rcv_table' ) === TABLE_VERSION ) {
			return;
		}
		global $wpdb;
		$name    = self::name();
		$charset = $wpdb->get_charset_collate();
		require_once ABSPATH . 'wp-admin/includes/upgrade.php';
		// dbDelta wants each field on its line, and two spaces after PRIMARY KEY.
		dbDelta(
			"CREATE TABLE $name (
  id varchar(36) NOT NULL,
  kind varchar(10) NOT NULL DEFAULT 'cart',
  email varchar(254) NOT NULL DEFAULT '',
  email_hash char(64) NOT NULL DEFAULT '',
  source varchar(10) NOT NULL DEFAULT '',
  consent text,
  seen tinyint(1) NOT NULL DEFAULT 0,
  asked smallint(6) NOT NULL DEFAULT 0,
  told tinyint(1) NOT NULL DEFAULT 0,
  payload longtext,
  fingerprint char(32) NOT NULL DEFAULT '',
  stamp char(36) NOT NULL DEFAULT '',
  waiting tinyint(1) NOT NULL DEFAULT 0,
  updated bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY  (id),
  KEY waiting (waiting,updated),
  KEY email_hash (email_hash),
  KEY updated (updated)
) $charset;"
		);
		update_option( 'rcv_table', TABLE_VERSION, true );
		// An option that is not there costs a query on every page; these are read with all others.
		add_option( 'rcv_settings', array(), '', true );
		add_option( 'rcv_trouble', '', '', true );
	}

	public static function find( string $id ): ?object {
		global $wpdb;
		if ( '' === $id || get_option( 'rcv_table' ) !== TABLE_VERSION ) {
			return null;
		}
		$row = $wpdb->get_row( $wpdb->prepare( 'SELECT * FROM ' . self::name() . ' WHERE id = %s', $id ) );
		return is_object( $row ) ? $row : null;
	}

	/** Writes only what is given: two requests of one visitor may write different columns at once. */
	public static function write( string $id, array $values, bool $is_new ): void {
		global $wpdb;
		self::ready();
		$values['updated'] = time();
		if ( $is_new ) {
			$wpdb->query( $wpdb->prepare( 'INSERT IGNORE INTO ' . self::name() . ' (id, kind, updated) VALUES (%s, %s, %d)', $id, $values['kind'] ?? 'cart', $values['updated'] ) );
		}
		$wpdb->update( self::name(), $values, array( 'id' => $id ) );
	}

	/** Something to tell once. */
	public static function add( string $kind, array $data, string $email ): void {
		$id = wp_generate_uuid4();
		self::write(
			$id,
			array(
				'kind'       => $kind,
				'email'      => $email,
				'email_hash' => self::hashed( $email ),
				'payload'    => (string) wp_json_encode( $data ),
				'stamp'      => $id,
				'waiting'    => 1,
			),
			true
		);
	}

	/** @return object[] oldest first */
	public static function waiting( int $most ): array {
		global $wpdb;
		if ( get_option( 'rcv_table' ) !== TABLE_VERSION ) {
			return array();
		}
		return (array) $wpdb->get_results( $wpdb->prepare( 'SELECT * FROM ' . self::name() . ' WHERE waiting = 1 ORDER BY updated LIMIT %d', $most ) );
	}

	public static function count_waiting(): int {
		global $wpdb;
		return get_option( 'rcv_table' ) === TABLE_VERSION ? (int) $wpdb->get_var( 'SELECT COUNT(*) FROM ' . self::name() . ' WHERE waiting = 1' ) : 0;
	}

	/** @return object[] */
	public static function of_person( string $email ): array {
		global $wpdb;
		if ( get_option( 'rcv_table' ) !== TABLE_VERSION ) {
			return array();
		}
		return (array) $wpdb->get_results( $wpdb->prepare( 'SELECT * FROM ' . self::name() . ' WHERE email_hash = %s LIMIT 500', self::hashed( $email ) ) );
	}

	/** Told, unless it changed meanwhile. */
	public static function told( object $row ): void {
		global $wpdb;
		if ( 'cart' !== $row->kind ) {
			self::delete( $row->id );
			return;
		}
		$wpdb->update(
			self::name(),
			array( 'waiting' => 0 ),
			array(
				'id'    => $row->id,
				'stamp' => $row->stamp,
			)
		);
		if ( '' !== $row->email ) {
			$wpdb->update(
				self::name(),
				array( 'told' => 1 ),
				array(
					'id'         => $row->id,
					'email_hash' => $row->email_hash,
				)
			);
		}
	}

	public static function delete( string $id ): void {
		global $wpdb;
		if ( '' !== $id && get_option( 'rcv_table' ) === TABLE_VERSION ) {
			$wpdb->delete( self::name(), array( 'id' => $id ) );
		}
	}

	public static function delete_older_than( int $moment ): void {
		global $wpdb;
		if ( get_option( 'rcv_table' ) === TABLE_VERSION ) {
			$wpdb->query( $wpdb->prepare( 'DELETE FROM ' . self::name() . ' WHERE updated < %d LIMIT 5000', $moment ) );
		}
	}

	public static function hashed( string $email ): string {
		return '' === $email ? '' : hash( 'sha256', self::cleaned( $email ) );
	}

	/** The address in the one form we keep; '' for what is none. */
	public static function cleaned( string $email ): string {
		$email = strtolower( trim( $email ) );
		return strlen( $email ) <= 254 && is_email( $email ) ? $email : '';
	}
}

/** The basket of this request: flagged by hooks, looked at once, at the end. */
final class Basket {

	private const NOTHING_SAID = array(
		'email'      => '',
		'consent'    => null,
		'taken_back' => false,
		'seen'       => false,
		'country'    => '',
		'checkout'   => 'block',
	);

	/** @var bool */
	public static $changed = false;

	/** @var bool */
	public static $ordered = false;

	/** @var array what the shopper said in this request */
	public static $said = self::NOTHING_SAID;

	public static function flag(): void {
		self::$changed = true;
	}

	/** The end of an order is not an emptied basket. */
	public static function emptied(): void {
		if ( ! did_action( 'woocommerce_new_order' ) ) {
			self::flag();
		}
	}

	public static function keep(): void {
		if ( ! self::$changed || self::$ordered || ! Visit::here() || ! Visit::is_person() ) {
			return;
		}
		self::$changed = false;
		$empty         = WC()->cart->is_empty();
		$id            = Visit::basket( ! $empty && ! Visit::has_refused() && Visit::may_follow() );
		if ( '' === $id ) {
			return;
		}
		if ( $empty && WC()->session->get( 'rcv_ordered' ) === $id ) {
			// Ordered, and emptied by a gateway that goes its own way: the next basket is another one.
			Table::delete( $id );
			Visit::forget( OrderTie::KEYS );
			return;
		}
		$row = Table::find( $id );
		if ( Visit::has_refused() ) {
			Consent::withdraw( $row, true );
			return;
		}
		if ( Visit::may_follow() && ( $row || ! $empty ) ) {
			self::write( $id, $row );
		}
	}

	private static function write( string $id, ?object $row ): void {
		$consent   = Consent::now( $row );
		$state     = $consent['state'] ?? '';
		$seen      = self::$said['seen'] || ( $row && $row->seen );
		$permitted = self::is_permitted( $state, $seen );
		if ( ! $permitted ) {
			Consent::withdraw( $row, false, 'denied' === $state ? $consent : null );
		}
		list( $email, $source ) = $permitted ? self::address( $row ) : array( '', '' );
		$snapshot               = self::snapshot( $id, '' !== $email );
		$values                 = array(
			'seen'    => $seen ? 1 : 0,
			'consent' => $consent ? (string) wp_json_encode( $consent ) : null,
		);
		if ( $row ) {
			// Written only when they changed: another request of this visitor may be writing them.
			$values = array_filter(
				$values,
				static function ( $value, $name ) use ( $row ) {
					return (string) $value !== (string) $row->$name;
				},
				ARRAY_FILTER_USE_BOTH
			);
		}
		$print = md5( (string) wp_json_encode( array( $snapshot, $email, $state ) ) );
		if ( ! $row || $row->fingerprint !== $print ) {
			$values += array(
				'email'       => $email,
				'email_hash'  => Table::hashed( $email ),
				'source'      => $source,
				'payload'     => (string) wp_json_encode( $snapshot + array( 'at' => gmdate( 'Y-m-d\TH:i:s\Z' ) ) ),
				'fingerprint' => $print,
				'stamp'       => wp_generate_uuid4(),
				'waiting'     => 1,
			);
		}
		if ( $values ) {
			Table::write( $id, $values, ! $row );
		}
		if ( isset( $values['waiting'] ) ) {
			Schedule::push();
		}
	}

	private static function is_permitted( string $state, bool $seen ): bool {
		list( $country, $base ) = Visit::countries();
		return Permission::granted(
			array(
				'mode'      => (string) Configuration::get( 'mode' ),
				'countries' => (array) Configuration::get( 'countries' ),
				'country'   => $country,
				'base'      => $base,
				'consent'   => $state,
				'seen'      => $seen,
				'account'   => is_user_logged_in(),
			)
		);
	}

	/** The newest address this shopper gave, and where: asked only once it may be kept. */
	private static function address( ?object $row ): array {
		$typed = Table::cleaned( self::$said['email'] );
		if ( '' !== $typed ) {
			return array( $typed, 'typed' );
		}
		$user  = is_user_logged_in() ? wp_get_current_user() : null;
		$known = Table::cleaned( (string) WC()->customer->get_billing_email() );
		if ( '' === $known && $user ) {
			$known = Table::cleaned( (string) $user->user_email );
		}
		if ( $row && '' !== $row->email && ( '' === $known || $known === $row->email || 'typed' === $row->source ) ) {
			return array( $row->email, $row->source );
		}
		return array( $known, '' === $known ? '' : ( $user ? 'account' : 'checkout' ) );
	}

	/** What is in the basket, without the moment: money as decimal strings, names as people read them. */
	private static function snapshot( string $id, bool $personal ): array {
		$cart     = WC()->cart;
		$known    = $personal || ( 'accounts' === Configuration::get( 'mode' ) && is_user_logged_in() );
		$snapshot = array(
			'cart'        => $id,
			'customer_id' => $known ? (int) get_current_user_id() : 0,
			'first_name'  => $personal ? (string) WC()->customer->get_billing_first_name() : '',
			'locale'      => determine_locale(),
			'country'     => Visit::countries()[0],
			'currency'    => get_woocommerce_currency(),
			'total'       => self::money( $cart->is_empty() ? 0 : $cart->get_total( 'edit' ) ),
			'coupons'     => array_values( array_map( 'strval', $cart->get_applied_coupons() ) ),
			'items'       => array_values( array_filter( array_map( array( self::class, 'item' ), array_slice( $cart->get_cart(), 0, MOST_ITEMS, true ) ) ) ),
		);
		if ( ! $cart->is_empty() && $cart->needs_shipping() && $cart->show_shipping() && WC()->session->get( 'chosen_shipping_methods' ) ) {
			$snapshot['shipping'] = self::money( (float) $cart->get_shipping_total() + (float) $cart->get_shipping_tax() );
		}
		return $snapshot;
	}

	private static function item( array $line ): ?array {
		$product  = $line['data'] ?? null;
		$quantity = (float) ( $line['quantity'] ?? 0 );
		if ( ! is_object( $product ) || $quantity <= 0 ) {
			return null;
		}
		$whole = (float) ( $line['line_subtotal'] ?? 0 ) + (float) ( $line['line_subtotal_tax'] ?? 0 );
		$image = $product->get_image_id() ? wp_get_attachment_image_url( (int) $product->get_image_id(), 'woocommerce_thumbnail' ) : '';
		return array(
			'key'          => (string) ( $line['key'] ?? '' ),
			'product_id'   => (int) $line['product_id'],
			'variation_id' => (int) ( $line['variation_id'] ?? 0 ),
			'variation'    => (object) ( $line['variation'] ?? array() ),
			'quantity'     => floor( $quantity ) === $quantity ? (int) $quantity : $quantity,
			'name'         => wp_specialchars_decode( wp_strip_all_tags( (string) $product->get_name() ), ENT_QUOTES ),
			'sku'          => (string) $product->get_sku(),
			'price'        => self::money( isset( $line['line_subtotal'] ) ? $whole / $quantity : $product->get_price() ),
			'line_total'   => self::money( isset( $line['line_total'] ) ? (float) $line['line_total'] + (float) ( $line['line_tax'] ?? 0 ) : $quantity * (float) $product->get_price() ),
			'url'          => (string) $product->get_permalink( $line ),
			'image'        => (string) $image,
		);
	}

	/** @param mixed $amount */
	private static function money( $amount ): string {
		return number_format( (float) $amount, max( 2, wc_get_price_decimals() ), '.', '' );
	}
}

/** Yes and no: what was said, when, where, and under which words. */
final class Consent {

	/** The stamp in force for this basket after this request; an account's own yes counts as long as it stands. */
	public static function now( ?object $row ): ?array {
		$own     = $row && $row->consent ? json_decode( $row->consent, true ) : null;
		$account = self::of_account();
		$kept    = is_array( $own ) ? $own : $account;
		$said    = Basket::$said['consent'];
		$granted = 'granted' === ( $kept['state'] ?? '' );
		if ( null === $said || $said === $granted ) {
			return $kept;
		}
		// An account's box starts empty too: one that was left alone takes nothing back.
		$left_alone = ! $said && $account && $kept === $account && ! Basket::$said['taken_back'];
		return $left_alone ? $kept : self::stamp( $said );
	}

	public static function stamp( bool $granted ): array {
		return array(
			'state'        => $granted ? 'granted' : 'denied',
			'at'           => gmdate( 'Y-m-d\TH:i:s\Z' ),
			'source'       => 'classic' === Basket::$said['checkout'] ? 'classic_checkout' : 'block_checkout',
			'text_version' => Words::version(),
		);
	}

	/**
	 * The address goes from the basket, and Mandje hears of it if it was told. `$wholly` lets go of the basket too.
	 */
	public static function withdraw( ?object $row, bool $wholly, ?array $stamp = null ): void {
		if ( $wholly ) {
			self::forget_account();
		}
		if ( ! $row ) {
			return;
		}
		if ( $row->told && '' !== $row->email && ( $wholly || $stamp ) ) {
			$denied = $stamp ?? self::stamp( false );
			Table::add(
				'consent',
				array(
					'cart'    => $row->id,
					'email'   => $row->email,
					'at'      => $denied['at'],
					'consent' => $denied,
				),
				$row->email
			);
			Schedule::push();
		}
		if ( $stamp ) {
			self::forget_account();
		}
		if ( $wholly ) {
			// The empty row stays, so that nobody asks without end by saying no.
			Table::write(
				$row->id,
				array(
					'email'       => '',
					'email_hash'  => '',
					'source'      => '',
					'consent'     => null,
					'seen'        => 0,
					'told'        => 0,
					'payload'     => null,
					'fingerprint' => '',
					'waiting'     => 0,
				),
				false
			);
		} elseif ( '' !== $row->email ) {
			Table::write(
				$row->id,
				array(
					'email'      => '',
					'email_hash' => '',
					'source'     => '',
					'told'       => 0,
				),
				false
			);
		}
	}

	public static function of_account(): ?array {
		$kept = is_user_logged_in() ? get_user_meta( get_current_user_id(), CONSENT_META, true ) : null;
		return is_array( $kept ) && 'granted' === ( $kept['state'] ?? '' ) ? $kept : null;
	}

	public static function forget_account(): void {
		if ( is_user_logged_in() && get_user_meta( get_current_user_id(), CONSENT_META, true ) ) {
			delete_user_meta( get_current_user_id(), CONSENT_META );
		}
	}
}

/** What the checkouts show and what they tell. */
final class Checkout {

	public static function register_box(): void {
		if ( ! function_exists( 'woocommerce_register_additional_checkout_field' ) ) {
			return;
		}
		woocommerce_register_additional_checkout_field(
			array(
				'id'            => BOX,
				'label'         => Words::box(),
				'optionalLabel' => Words::box(),
				'location'      => 'contact',
				'type'          => 'checkbox',
				'required'      => false,

				'show_in_order_confirmation' => false,
			)
		);
	}

	public static function show_box(): void {
		woocommerce_form_field(
			BOX_POSTED,
			array(
				'type'     => 'checkbox',
				'label'    => esc_html( Words::box() ),
				'required' => false,
				'class'    => array( 'form-row-wide', 'rcv-box' ),
			),
			0
		);
	}

	/** The block checkout's box, in whichever request carries it. */
	public static function read_box( $request ): void {
		$fields = is_object( $request ) && is_callable( array( $request, 'get_param' ) ) ? $request->get_param( 'additional_fields' ) : null;
		if ( is_array( $fields ) && array_key_exists( BOX, $fields ) ) {
			Basket::$said['consent']  = filter_var( $fields[ BOX ], FILTER_VALIDATE_BOOLEAN );
			Basket::$said['checkout'] = 'block';
			self::reconsider();
			Basket::flag();
		}
	}

	/** WooCommerce writes the box to the account as well, and would tick it the next time; with the last request of it, ours goes. */
	public static function forget_box(): void {
		if ( null !== Basket::$said['consent'] && is_user_logged_in() ) {
			delete_user_meta( get_current_user_id(), BOX_META );
		}
	}

	/** The box belongs to the checkout: WooCommerce would show it among the details of an account, where nobody hears it. */
	public static function only_at_checkout( $field, $key ) {
		return in_array( $key, array( BOX, BOX_META ), true ) ? '' : $field;
	}

	/** A box ticked after "No thanks" is the newer word. */
	private static function reconsider(): void {
		if ( Basket::$said['consent'] && Visit::here() && Visit::has_refused() ) {
			WC()->session->set( 'rcv_no', null );
			unset( $_COOKIE[ COOKIE ] );
			wc_setcookie( COOKIE, '', time() - 3600 );
		}
	}

	public static function script(): void {
		if ( ! function_exists( 'WC' ) || ! function_exists( 'is_checkout' ) || ! is_checkout() || is_order_received_page() || is_checkout_pay_page() ) {
			return;
		}
		$mode    = (string) Configuration::get( 'mode' );
		$account = is_user_logged_in();
		if ( 'accounts' === $mode && ! $account ) {
			return;
		}
		list( $country, $base ) = Visit::here() ? Visit::countries() : array( '', '' );
		$told                   = array(
			'url'       => \WC_AJAX::get_endpoint( 'rcv_identify' ),
			'mode'      => $mode,
			'countries' => array_values( (array) Configuration::get( 'countries' ) ),
			'country'   => $country,
			'base'      => $base,
			'account'   => $account,
			'granted'   => (bool) Consent::of_account(),
			'path'      => defined( 'COOKIEPATH' ) && COOKIEPATH ? COOKIEPATH : '/',
			'kept'      => Words::of( 'kept' ),
			'ticked'    => Words::of( 'only_ticked' ),
			'no'        => Words::of( 'no' ),
			'done'      => Words::of( 'done' ),
			'most'      => MOST_ASKED,
		);
		wp_register_script( 'mandje', false, array(), VERSION, true );
		wp_enqueue_script( 'mandje' );
		wp_add_inline_script( 'mandje', self::SCRIPT . '(' . wp_json_encode( $told, JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT ) . ');' );
	}

	/** `?wc-ajax=rcv_identify`: writes nothing but the caller's own basket, for callers from this shop's own pages. */
	public static function identify(): void {
		try {
			self::hear();
		} catch ( \Throwable $trouble ) {
			Hooks::note( $trouble );
		}
		nocache_headers();
		status_header( 204 );
		exit;
	}

	public static function hear(): void {
		if ( 'POST' !== ( $_SERVER['REQUEST_METHOD'] ?? '' ) || ! self::is_from_here() || ! Visit::here() || ! Visit::is_person() ) {
			return;
		}
		$id  = Visit::basket( ! WC()->cart->is_empty() && Visit::may_follow() );
		$row = Table::find( $id );
		if ( '' === $id || ( $row && $row->asked >= MOST_ASKED ) ) {
			return;
		}
		Table::write( $id, array( 'asked' => $row ? $row->asked + 1 : 1 ), ! $row );
		self::listen();
		Basket::flag();
	}

	private static function listen(): void {
		$given = array();
		foreach ( array( 'email', 'consent', 'seen', 'country', 'checkout', 'no' ) as $name ) {
			$given[ $name ] = isset( $_POST[ $name ] ) && is_string( $_POST[ $name ] ) ? substr( wp_unslash( $_POST[ $name ] ), 0, 254 ) : '';
		}
		Basket::$said['checkout'] = 'classic' === $given['checkout'] ? 'classic' : 'block';
		if ( '1' === $given['no'] ) {
			WC()->session->set( 'rcv_no', 1 );
			return;
		}
		Basket::$said['email']   = $given['email'];
		Basket::$said['seen']    = '1' === $given['seen'];
		Basket::$said['country'] = preg_match( '/^[A-Z]{2}$/D', $given['country'] ) ? $given['country'] : '';
		Basket::$said['consent'] = '' === $given['consent'] ? null : '1' === $given['consent'];
		// The script says no only after a yes.
		Basket::$said['taken_back'] = false === Basket::$said['consent'];
		self::reconsider();
	}

	/** No nonce: pages are cached. The browser says where a request comes from, and a page cannot lie about it. */
	public static function is_from_here(): bool {
		$site = (string) ( $_SERVER['HTTP_SEC_FETCH_SITE'] ?? '' );
		if ( '' !== $site ) {
			return 'same-origin' === $site;
		}
		$origin = (string) ( $_SERVER['HTTP_ORIGIN'] ?? ( $_SERVER['HTTP_REFERER'] ?? '' ) );
		return '' !== $origin && self::host_of( $origin ) === self::host_of( home_url( '/' ) );
	}

	private static function host_of( string $address ): string {
		$parts = wp_parse_url( $address );
		return strtolower( (string) ( $parts['host'] ?? '' ) ) . ':' . (string) ( $parts['port'] ?? '' );
	}

	private const SCRIPT = <<<'JS'
(function (c) {
	'use strict';
	var told = null, granted = c.granted, seen = false, withdrawn = false, refused = /(^|;\s*)rcv_no=1/.test(document.cookie);
	var note = null, asked = 0, looking = false, watcher = null;
	function by(id) { return document.getElementById(id); }
	function field() {
		return by('billing_email') || document.querySelector('.wc-block-checkout #email, .wp-block-woocommerce-checkout #email') ||
			document.querySelector('.wp-block-woocommerce-checkout input[type=email]');
	}
	function block() { return !by('billing_email'); }
	function box() { return by('rcv_marketing_opt_in') || document.querySelector('input[type=checkbox][id$="rcv-marketing-opt-in"]'); }
	function ticked() { var b = box(); return !!(b && b.checked); }
	function country() {
		var f = by('billing_country') || by('billing-country') || by('shipping-country');
		return f && /^[A-Z]{2}$/.test(f.value) ? f.value : c.country;
	}
	function needsBox() {
		var known = [country(), c.base].filter(Boolean);
		return c.mode === 'consent' || !known.length || known.some(function (k) { return c.countries.indexOf(k) > -1; });
	}
	function permitted() {
		if (refused || (c.mode === 'accounts' && !c.account)) { return false; }
		if (typeof window.wp_has_consent === 'function' && !window.wp_has_consent('marketing')) { return false; }
		if (withdrawn && !ticked()) { return false; }
		return ticked() || granted || (!needsBox() && (c.mode === 'accounts' || seen));
	}
	function address() {
		var f = field(), v = f ? f.value.trim() : '';
		return v.length < 255 && /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/.test(v) ? v : '';
	}
	function post(values) {
		if (asked >= c.most) { return; }
		asked += 1;
		values.checkout = block() ? 'block' : 'classic';
		try {
			fetch(c.url, { method: 'POST', keepalive: true, credentials: 'same-origin', body: new URLSearchParams(values) })
				.catch(function () {});
		} catch (e) { return; }
	}
	function tell() {
		look();
		if (ticked()) { withdrawn = false; } else if (told !== null && told.charAt(0) === '1') { withdrawn = true; granted = false; }
		if (told !== null && !refused && !permitted()) {
			// What was allowed is no longer: the tick is gone, or the country is one that asks for it.
			post(told.charAt(0) === '1' ? { consent: '0', country: country() } : { country: country() });
			told = null;
			return;
		}
		// In the block checkout the shop's own page brings the address to the shop; all we say is that it may be used.
		var mail = block() ? '' : address();
		if (!permitted() || (!block() && !mail)) { return; }
		var mark = (ticked() ? '1' : '0') + mail;
		if (mark === told) { return; }
		told = mark;
		var values = { seen: seen ? '1' : '0', country: country() };
		if (mail) { values.email = mail; }
		if (ticked()) { values.consent = '1'; }
		post(values);
	}
	function remember(no) {
		document.cookie = 'rcv_no=' + (no ? '1' : '') + ';path=' + c.path + ';SameSite=Lax;max-age=' + (no ? 15552000 : 0) +
			(location.protocol === 'https:' ? ';Secure' : '');
	}
	function refuse(event) {
		event.preventDefault();
		var b = box(), tellThem = told !== null || c.account || granted;
		refused = true;
		remember(true);
		if (b && b.checked) { b.click(); }
		if (tellThem) { post({ no: '1' }); }
		told = null;
		note.textContent = c.done;
	}
	function build() {
		var made = document.createElement('p'), words = document.createElement('span'), no = document.createElement('button');
		made.className = 'rcv-notice';
		made.style.fontSize = '0.875em';
		made.style.margin = '0.5em 0';
		no.type = 'button';
		no.className = 'rcv-no';
		no.textContent = c.no;
		no.style.cssText = 'background:none;border:0;padding:0 0 0 .5em;color:inherit;font:inherit;text-decoration:underline;cursor:pointer';
		no.addEventListener('click', refuse);
		made.appendChild(words);
		made.appendChild(no);
		return made;
	}
	function watch() {
		if (!('IntersectionObserver' in window)) { return; }
		watcher = watcher || new IntersectionObserver(function (entries) {
			entries.forEach(function (entry) {
				if (entry.isIntersecting && entry.intersectionRatio >= 0.5 && document.visibilityState === 'visible') {
					seen = true;
					watcher.disconnect();
					tell();
				}
			});
		}, { threshold: [0.5, 1] });
		watcher.disconnect();
		if (!seen) { watcher.observe(note); }
	}
	function onScreen() {
		var r = note.getBoundingClientRect();
		return r.height > 0 && r.top >= 0 && r.bottom <= window.innerHeight && document.visibilityState === 'visible';
	}
	function look() {
		var f = field(), place = f && (f.closest('.form-row') || f.closest('.wc-block-components-text-input') || f);
		if (!place) { return; }
		if (!refused && (!note || !note.isConnected)) {
			note = note || build();
			place.insertAdjacentElement('afterend', note);
			watch();
		}
		if (note && !refused) {
			var words = needsBox() && !granted ? c.ticked : c.kept;
			if (note.firstChild.textContent !== words) { note.firstChild.textContent = words; }
			if (!seen && !('IntersectionObserver' in window)) { seen = onScreen(); }
		}
	}
	function later() {
		if (looking) { return; }
		looking = true;
		window.requestAnimationFrame(function () { looking = false; look(); });
	}
	function changed(event) {
		var t = event.target, b = box();
		if (!t || !t.id) { return; }
		if (t === b && t.checked && refused && event.type === 'change') {
			refused = false;
			remember(false);
			if (note && note.parentNode) { note.parentNode.removeChild(note); }
			note = null;
		}
		if (t === b || t === field() || /country/.test(t.id)) { tell(); }
	}
	function start() {
		look();
		document.addEventListener('change', changed, true);
		document.addEventListener('focusout', changed, true);
		window.addEventListener('pagehide', tell);
		if (window.jQuery) { window.jQuery(document.body).on('change', '#billing_country', tell); }
		if (document.querySelector('.wc-block-checkout, .wp-block-woocommerce-checkout') && 'MutationObserver' in window) {
			new MutationObserver(later).observe(document.body, { childList: true, subtree: true });
		}
	}
	if (document.readyState === 'loading') { document.addEventListener('DOMContentLoaded', start); } else { start(); }
})
JS;
}

/** Which jobs wait. Action Scheduler comes with WooCommerce; where it does not answer, WordPress' own cron does it. */
final class Schedule {

	public static function push( int $seconds = QUIET_SECONDS ): void {
		$trouble = get_option( 'rcv_trouble' );
		if ( is_array( $trouble ) ) {
			// News does not shorten the wait after a failure.
			$seconds = max( $seconds, (int) $trouble['next'] - time() );
		}
		self::once( time() + $seconds );
	}

	public static function once( int $moment ): void {
		if ( ! self::has_actions() ) {
			if ( ! wp_next_scheduled( 'rcv_push' ) ) {
				wp_schedule_single_event( $moment, 'rcv_push' );
			}
			return;
		}
		if ( as_schedule_single_action( $moment, 'rcv_push', array(), 'rcv', true ) ) {
			return;
		}
		// Refused as not unique: either one waits, or one runs that may have read the rows before this change.
		$waiting = as_get_scheduled_actions(
			array(
				'hook'     => 'rcv_push',
				'group'    => 'rcv',
				'status'   => 'pending',
				'per_page' => 1,
			),
			'ids'
		);
		if ( ! $waiting ) {
			as_schedule_single_action( $moment, 'rcv_push', array(), 'rcv', false );
		}
	}

	/** The daily job; asked from the background and the admin only. */
	public static function daily(): void {
		if ( self::has_actions() ) {
			if ( ! as_next_scheduled_action( 'rcv_daily' ) ) {
				as_schedule_recurring_action( time() + 3600, DAY_IN_SECONDS, 'rcv_daily', array(), 'rcv' );
			}
		} elseif ( ! wp_next_scheduled( 'rcv_daily' ) ) {
			wp_schedule_event( time() + 3600, 'daily', 'rcv_daily' );
		}
	}

	/** What was planned while we failed would shorten the wait. */
	public static function forget_push(): void {
		if ( self::has_actions() ) {
			as_unschedule_all_actions( 'rcv_push' );
		}
		wp_clear_scheduled_hook( 'rcv_push' );
	}

	public static function stop(): void {
		foreach ( array( 'rcv_push', 'rcv_daily' ) as $hook ) {
			if ( self::has_actions() ) {
				as_unschedule_all_actions( $hook );
			}
			wp_clear_scheduled_hook( $hook );
		}
	}

	public static function has_actions(): bool {
		if ( ! function_exists( 'as_schedule_single_action' ) ) {
			return false;
		}
		return ! is_callable( array( '\ActionScheduler', 'is_initialized' ) ) || \ActionScheduler::is_initialized();
	}
}

/** Telling Mandje, in the background: the newest state of what changed, signed, again later when it fails. */
final class Push {

	public static function run(): void {
		$door = Configuration::door();
		if ( $door['off'] || '' === $door['url'] || '' === $door['secret'] ) {
			return;
		}
		Schedule::daily();
		for ( $batch = 0; $batch < BATCHES; $batch++ ) {
			$rows = Table::waiting( BATCH );
			if ( ! $rows ) {
				return;
			}
			$error = self::tell( $rows, $door );
			if ( '' !== $error ) {
				self::failed( $error );
				return;
			}
		}
		Schedule::once( time() + QUIET_SECONDS );
	}

	/** @param object[] $rows */
	private static function tell( array $rows, array $door ): string {
		$events = array();
		$size   = 0;
		$sent   = array();
		foreach ( $rows as $row ) {
			$event = self::event( $row );
			$size += strlen( (string) wp_json_encode( $event ) );
			if ( $events && $size > BODY_BYTES ) {
				break;
			}
			$events[] = $event;
			$sent[]   = $row;
		}
		$error = self::post( $events, $door );
		if ( '' === $error ) {
			foreach ( $sent as $row ) {
				Table::told( $row );
			}
			self::succeeded();
		}
		return $error;
	}

	private static function event( object $row ): array {
		$data    = json_decode( (string) $row->payload, true );
		$data    = is_array( $data ) ? $data : array();
		$consent = $row->consent ? json_decode( $row->consent, true ) : null;
		if ( 'consent' === $row->kind ) {
			$topic = 'consent.changed';
		} elseif ( 'erase' === $row->kind ) {
			$topic = 'privacy.erase';
		} else {
			$topic = empty( $data['items'] ) ? 'cart.emptied' : 'cart.updated';
			$data  = array(
				'email'        => '' === $row->email ? null : $row->email,
				'email_source' => '' === $row->email ? null : $row->source,
				'consent'      => '' === $row->email ? null : $consent,
			) + $data;
			if ( '' === $row->email ) {
				$data['first_name'] = '';
			}
			foreach ( $data['items'] ?? array() as $place => $item ) {
				$data['items'][ $place ]['variation'] = (object) ( $item['variation'] ?? array() );
			}
		}
		return array(
			'id'      => $row->stamp,
			'topic'   => $topic,
			'created' => gmdate( 'Y-m-d\TH:i:s\Z' ),
			'store'   => home_url( '/' ),
			'plugin'  => VERSION,
			'wc'      => self::woocommerce(),
			'data'    => $data,
		);
	}

	/** Answers what went wrong, '' when it arrived. */
	private static function post( array $events, array $door ): string {
		$body    = (string) wp_json_encode( array( 'events' => $events ) );
		$state   = self::state();
		$stamp   = (string) ( time() + (int) $state['skew'] );
		$request = array(
			'timeout'     => 10,
			'redirection' => 0,
			'user-agent'  => 'WooCommerce/' . self::woocommerce() . ' Mandje/' . VERSION . ' (WordPress/' . get_bloginfo( 'version' ) . ')',
			'headers'     => array(
				'Content-Type'             => 'application/json',
				'X-WC-Webhook-Source'      => home_url( '/' ),
				'X-WC-Webhook-Topic'       => $events[0]['topic'],
				'X-WC-Webhook-Delivery-ID' => wp_generate_uuid4(),
				'X-Rcv-Timestamp'          => $stamp,
				'X-Rcv-Signature-Version'  => '2',
				'X-WC-Webhook-Signature'   => Signature::of( $stamp . '.' . $body, $door['secret'] ),
			),
			'body'        => $body,
		);
		// An address typed into WooCommerce may not lead into the shop's own network; the one in this file is ours.
		$is_ours = 'file' === $door['source'] || self::origin( $door['url'] ) === self::origin( CONFIGURATION['endpoint'] );
		$answer  = $is_ours ? wp_remote_post( $door['url'], $request ) : wp_safe_remote_post( $door['url'], $request );
		if ( is_wp_error( $answer ) ) {
			return 'no connection (' . $answer->get_error_code() . ')';
		}
		$status = (int) wp_remote_retrieve_response_code( $answer );
		if ( 401 === $status ) {
			self::note_skew( (string) wp_remote_retrieve_header( $answer, 'date' ) );
		}
		return $status >= 200 && $status < 300 ? '' : 'answer ' . $status;
	}

	private static function origin( string $url ): string {
		$parts = wp_parse_url( $url );
		return ( $parts['scheme'] ?? '' ) . '://' . ( $parts['host'] ?? '' ) . ':' . ( $parts['port'] ?? '' );
	}

	/** A shop whose clock is off would be refused for ever: the answer says what time it is. */
	private static function note_skew( string $date ): void {
		$theirs = strtotime( $date );
		$skew   = false === $theirs ? 0 : $theirs - time();
		self::save( array( 'skew' => abs( $skew ) > 60 ? $skew : 0 ) );
	}

	private static function succeeded(): void {
		self::save(
			array(
				'last_push'  => time(),
				'last_error' => '',
				'tries'      => 0,
			)
		);
		if ( get_option( 'rcv_trouble' ) ) {
			update_option( 'rcv_trouble', '', true );
		}
	}

	private static function failed( string $error ): void {
		$tries = (int) self::state()['tries'] + 1;
		self::save(
			array(
				'last_error' => $error,
				'failed_at'  => time(),
				'tries'      => $tries,
			)
		);
		$given_up = $tries > count( RETRY_SECONDS );
		$next     = time() + ( $given_up ? AFTER_GIVEN_UP : RETRY_SECONDS[ $tries - 1 ] );
		update_option(
			'rcv_trouble',
			array(
				'error'    => $error,
				'next'     => $next,
				'given_up' => $given_up,
			),
			true
		);
		Schedule::forget_push();
		if ( ! $given_up ) {
			Schedule::once( $next );
		}
	}

	/** @return array{last_push:int,last_error:string,failed_at:int,tries:int,skew:int} */
	public static function state(): array {
		return (array) get_option( 'rcv_state', array() ) + array(
			'last_push'  => 0,
			'last_error' => '',
			'failed_at'  => 0,
			'tries'      => 0,
			'skew'       => 0,
		);
	}

	private static function save( array $news ): void {
		update_option( 'rcv_state', $news + self::state(), false );
	}

	public static function woocommerce(): string {
		return defined( 'WC_VERSION' ) ? WC_VERSION : '';
	}

	public static function daily(): void {
		Table::delete_older_than( time() - KEPT_DAYS * DAY_IN_SECONDS );
		Updates::refresh();
		if ( Table::count_waiting() ) {
			Schedule::push();
		}
	}

	public static function warn(): void {
		$trouble = get_option( 'rcv_trouble' );
		if ( is_array( $trouble ) && $trouble['given_up'] && current_user_can( 'manage_woocommerce' ) ) {
			echo '<div class="notice notice-warning"><p>' . esc_html( sprintf( Words::of( 'trouble', true ), $trouble['error'] ) ) . '</p></div>';
		}
	}
}

/** A link from a mail: made and signed by Mandje, it fills the visitor's own basket and nothing else. */
final class Restore {

	public static function on_loaded(): void {
		if ( ! isset( $_GET['rcv'] ) || ! is_string( $_GET['rcv'] ) ) {
			return;
		}
		nocache_headers();
		$target = Visit::here() ? self::answer( wp_unslash( $_GET['rcv'] ), time() ) : '';
		if ( '' !== $target && wp_safe_redirect( $target ) ) {
			exit;
		}
	}

	/** Does what the link says and answers where to go; '' shows the page as if there were no link. */
	public static function answer( string $token, int $now ): string {
		$claims = self::claims( $token );
		if ( null === $claims ) {
			return '';
		}
		if ( ! WC()->session->has_session() ) {
			WC()->session->set_customer_session_cookie( true );
		}
		if ( (int) ( $claims['x'] ?? 0 ) < $now ) {
			wc_add_notice( esc_html( Words::of( 'expired' ) ), 'notice' );
			return self::with_utm( wc_get_page_permalink( 'shop' ) );
		}
		self::bring_back( $claims );
		return self::with_utm( wc_get_checkout_url() );
	}

	/** The content of a link that is genuinely ours, else null. */
	public static function claims( string $token ): ?array {
		if ( strlen( $token ) > 8192 || ! preg_match( '/^([A-Za-z0-9_-]+)\.([0-9a-f]{64})$/D', $token, $parts ) ) {
			return null;
		}
		$genuine = false;
		foreach ( Configuration::secrets() as $secret ) {
			$genuine = hash_equals( hash_hmac( 'sha256', 'restore.' . $parts[1], Signature::key( $secret ) ), $parts[2] ) || $genuine;
		}
		$claims = $genuine ? json_decode( (string) base64_decode( strtr( $parts[1], '-_', '+/' ), true ), true, 8 ) : null;
		return is_array( $claims ) ? $claims : null;
	}

	private static function bring_back( array $claims ): void {
		$id  = isset( $claims['c'] ) && is_string( $claims['c'] ) && preg_match( '/^[0-9a-f]{32}$/D', $claims['c'] ) ? $claims['c'] : '';
		$row = Table::find( $id );
		if ( WC()->cart->is_empty() ) {
			self::fill( self::items( $claims, $row ) );
			if ( '' !== $id ) {
				WC()->session->set( 'rcv_cart', $id );
			}
		}
		if ( isset( $claims['r'] ) && is_string( $claims['r'] ) && '' !== $claims['r'] ) {
			WC()->session->set( 'rcv_rid', substr( $claims['r'], 0, 200 ) );
		}
		self::name_guest( $row );
		$code = isset( $claims['k'] ) && is_string( $claims['k'] ) ? wc_format_coupon_code( $claims['k'] ) : '';
		if ( '' !== $code && ! WC()->cart->is_empty() && ! WC()->cart->has_discount( $code ) ) {
			self::apply( $code );
		}
	}

	/** Why a code was refused is a remark. Left as an error, it would stop the next step of the block checkout. */
	private static function apply( string $code ): void {
		$before = wc_get_notices();
		if ( ! WC()->cart->apply_coupon( $code ) ) {
			$said = array_column( array_slice( wc_get_notices( 'error' ), count( $before['error'] ?? array() ) ), 'notice' );
			wc_set_notices( $before );
			self::remark( implode( ' ', $said ) );
		}
	}

	private static function remark( string $line ): void {
		if ( '' !== $line ) {
			wc_add_notice( $line, 'notice' );
			WC()->session->set( 'rcv_remarks', array_merge( (array) WC()->session->get( 'rcv_remarks', array() ), array( $line ) ) );
		}
	}

	/** A coupon bound to an address is refused to a guest whose address is not in the session yet. */
	private static function name_guest( ?object $row ): void {
		if ( $row && '' !== $row->email && ! is_user_logged_in() && ! WC()->customer->get_billing_email() ) {
			WC()->customer->set_billing_email( $row->email );
			WC()->customer->save();
		}
	}

	/** What to put in: as we last saw it, or as the link tells on a shop that has forgotten. */
	private static function items( array $claims, ?object $row ): array {
		$kept  = $row ? json_decode( (string) $row->payload, true ) : null;
		$items = array();
		foreach ( $kept['items'] ?? array() as $item ) {
			$items[] = array( $item['product_id'] ?? 0, $item['variation_id'] ?? 0, $item['quantity'] ?? 1, $item['variation'] ?? array(), $item['name'] ?? '' );
		}
		if ( ! $items ) {
			$items = is_array( $claims['i'] ?? null ) ? array_values( array_filter( $claims['i'], 'is_array' ) ) : array();
		}
		return array_slice( $items, 0, MOST_ITEMS );
	}

	private static function fill( array $items ): void {
		$before = wc_get_notices();
		$gone   = array();
		foreach ( $items as $item ) {
			if ( ! self::add( $item ) ) {
				$product = wc_get_product( (int) ( $item[0] ?? 0 ) );
				$name    = (string) ( $item[4] ?? '' );
				$gone[]  = '' !== $name ? $name : ( $product ? wp_strip_all_tags( $product->get_name() ) : Words::of( 'something' ) );
			}
		}
		// WooCommerce has said of each what is wrong with it; one friendly line is enough.
		wc_set_notices( $before );
		if ( $gone ) {
			self::remark( esc_html( sprintf( Words::of( 'gone' ), implode( ', ', array_unique( $gone ) ) ) ) );
		}
	}

	/** Around the block checkout a classic theme prints no notices: what stands nowhere at the end of the page is put above it. */
	public static function say(): void {
		if ( ! function_exists( 'is_checkout' ) || ! is_checkout() || ! Visit::here() ) {
			return;
		}
		$lines = (array) WC()->session->get( 'rcv_remarks', array() );
		if ( ! $lines ) {
			return;
		}
		WC()->session->set( 'rcv_remarks', null );
		if ( wc_has_notice( (string) end( $lines ), 'notice' ) ) {
			echo '<div id="rcv-remarks">';
			wc_print_notices();
			echo '</div><script>(function (n, c) { if (n && c) { c.parentNode.insertBefore(n, c); } })(' .
				'document.getElementById("rcv-remarks"), document.querySelector(".wp-block-woocommerce-checkout"));</script>';
		}
	}

	private static function add( array $item ): bool {
		$product   = (int) ( $item[0] ?? 0 );
		$variation = (int) ( $item[1] ?? 0 );
		$quantity  = is_numeric( $item[2] ?? null ) ? $item[2] + 0 : 1;
		$chosen    = array();
		foreach ( (array) ( $item[3] ?? array() ) as $name => $value ) {
			if ( is_string( $name ) && 0 === strpos( $name, 'attribute_' ) && is_string( $value ) ) {
				$chosen[ $name ] = $value;
			}
		}
		if ( $product <= 0 || $quantity <= 0 ) {
			return false;
		}
		if ( WC()->cart->add_to_cart( $product, $quantity, $variation, $chosen ) ) {
			return true;
		}
		// Perhaps there are fewer left.
		$found = wc_get_product( $variation > 0 ? $variation : $product );
		$left  = $found && $found->managing_stock() ? (float) $found->get_stock_quantity() : 0.0;
		return $left >= 1 && $left < $quantity && (bool) WC()->cart->add_to_cart( $product, (int) $left, $variation, $chosen );
	}

	private static function with_utm( string $target ): string {
		$kept = array();
		foreach ( $_GET as $name => $value ) {
			if ( is_string( $name ) && is_string( $value ) && preg_match( '/^utm_[a-z_]{1,20}$/D', $name ) ) {
				$kept[ $name ] = rawurlencode( substr( wp_unslash( $value ), 0, 200 ) );
			}
		}
		return add_query_arg( $kept, $target );
	}
}

/** An order carries the basket it came of, the mail that brought it back, and what its buyer agreed to. */
final class OrderTie {

	public const KEYS = array( 'rcv_cart', 'rcv_rid', 'rcv_ordered' );

	/** @var bool whether this request pays for an order of before, which says nothing of today's basket */
	public static $is_older = false;

	public static function classic( $order ): void {
		if ( ! Visit::here() || ! is_object( $order ) ) {
			return;
		}
		// WooCommerce has checked its nonce before it makes an order.
		Basket::$said['consent']  = ! empty( $_POST[ BOX_POSTED ] ) ? true : null;
		Basket::$said['checkout'] = 'classic';
		self::write( $order );
	}

	public static function block( $order ): void {
		if ( Visit::here() && is_object( $order ) ) {
			self::write( $order );
		}
	}

	public static function block_box( $order, $request ): void {
		// `checkout/{id}` of the Store API, by the express buttons on the page where an order is paid for later.
		self::$is_older = is_object( $request ) && is_callable( array( $request, 'get_url_params' ) ) && isset( $request->get_url_params()['id'] );
		if ( ! self::$is_older ) {
			Checkout::read_box( $request );
			self::block( $order );
		}
	}

	private static function write( object $order ): void {
		$id  = Visit::basket();
		$rid = (string) WC()->session->get( 'rcv_rid', '' );
		foreach ( array_filter(
			array(
				'_rcv_cart' => $id,
				'_rcv_rid'  => $rid,
			)
		) as $key => $value ) {
			$order->update_meta_data( $key, $value );
		}
		if ( '' !== $id && is_callable( array( $order, 'get_status' ) ) && 'checkout-draft' !== $order->get_status() ) {
			WC()->session->set( 'rcv_ordered', $id );
		}
		$stamp = Basket::$said['consent'] || '' !== $id ? Consent::now( Table::find( $id ) ) : null;
		if ( $stamp ) {
			$order->update_meta_data( CONSENT_META, $stamp );
		}
	}

	public static function classic_done( $order_id, $posted = null, $order = null ): void {
		self::done( is_object( $order ) ? $order : wc_get_order( $order_id ) );
	}

	/** The basket became an order: what we kept of it goes, and the next one has another name. */
	public static function done( $order ): void {
		if ( ! Visit::here() || ! is_object( $order ) || self::$is_older ) {
			return;
		}
		Basket::$ordered = true;
		$stamp           = $order->get_meta( CONSENT_META );
		if ( is_user_logged_in() && is_array( $stamp ) && 'granted' === ( $stamp['state'] ?? '' ) ) {
			update_user_meta( get_current_user_id(), CONSENT_META, $stamp );
		} elseif ( is_array( $stamp ) ) {
			Consent::forget_account();
		}
		Table::delete( Visit::basket() );
		Visit::forget( self::KEYS );
		self::untick();
	}

	/** WooCommerce remembers the box with the customer; ours starts empty every time. See also Checkout::forget_box. */
	private static function untick(): void {
		$customer = WC()->customer;
		if ( is_callable( array( $customer, 'get_meta' ) ) && $customer->get_meta( BOX_META ) ) {
			$customer->delete_meta_data( BOX_META );
			$customer->save();
		}
	}

	/**
	 * This page may be opened again later, or after an older order was paid for: a basket that is not this order keeps its
	 * name, and is told as empty if WooCommerce empties it here.
	 */
	public static function thanked(): void {
		if ( ! Visit::here() ) {
			return;
		}
		$id = Visit::basket();
		if ( '' === $id || WC()->session->get( 'rcv_ordered' ) === $id ) {
			Table::delete( $id );
			Visit::forget( array_merge( self::KEYS, array( 'rcv_no' ) ) );
		}
	}
}

/** What the shop's own privacy tools ask. */
final class Privacy {

	public static function exporters( array $all ): array {
		$all['mandje'] = array(
			'exporter_friendly_name' => 'Mandje',
			'callback'               => array( self::class, 'export' ),
		);
		return $all;
	}

	public static function erasers( array $all ): array {
		$all['mandje'] = array(
			'eraser_friendly_name' => 'Mandje',
			'callback'             => array( self::class, 'erase' ),
		);
		return $all;
	}

	public static function export( string $email, int $page = 1 ): array {
		$found = array();
		foreach ( 1 === $page ? Table::of_person( $email ) : array() as $row ) {
			$found[] = array(
				'group_id'    => 'mandje',
				'group_label' => Words::of( 'group', true ),
				'item_id'     => 'rcv-' . $row->id,
				'data'        => self::told( $row ),
			);
		}
		$user = 1 === $page ? get_user_by( 'email', $email ) : null;
		$kept = $user ? get_user_meta( $user->ID, CONSENT_META, true ) : null;
		if ( $kept ) {
			$found[] = array(
				'group_id'    => 'mandje',
				'group_label' => Words::of( 'group', true ),
				'item_id'     => 'rcv-account-' . $user->ID,
				'data'        => array( self::line( 'consent', (string) wp_json_encode( $kept ) ) ),
			);
		}
		return array(
			'data' => $found,
			'done' => true,
		);
	}

	private static function told( object $row ): array {
		return array(
			self::line( 'kind', $row->kind ),
			self::line( 'email', $row->email ),
			self::line( 'consent', (string) $row->consent ),
			self::line( 'basket', (string) $row->payload ),
			self::line( 'updated', gmdate( 'Y-m-d\TH:i:s\Z', (int) $row->updated ) ),
		);
	}

	private static function line( string $name, string $value ): array {
		return array(
			'name'  => $name,
			'value' => $value,
		);
	}

	/** Our rows go at once, and Mandje is told to erase too. */
	public static function erase( string $email, int $page = 1 ): array {
		$rows = Table::of_person( $email );
		foreach ( $rows as $row ) {
			Table::delete( $row->id );
		}
		$user = get_user_by( 'email', $email );
		if ( $user ) {
			delete_user_meta( $user->ID, CONSENT_META );
			delete_user_meta( $user->ID, BOX_META );
		}
		$known = Table::cleaned( $email );
		if ( '' !== $known ) {
			Table::add( 'erase', array( 'email' => $known, 'at' => gmdate( 'Y-m-d\TH:i:s\Z' ) ), $known );
			Schedule::push();
		}
		return array(
			'items_removed'  => (bool) $rows,
			'items_retained' => false,
			'messages'       => array(),
			'done'           => true,
		);
	}

	public static function policy(): void {
		if ( function_exists( 'wp_add_privacy_policy_content' ) ) {
			wp_add_privacy_policy_content( 'Mandje for WooCommerce', wp_kses_post( wpautop( esc_html( Words::of( 'privacy', true ) ) ) ) );
		}
	}
}

/** `GET /wp-json/rcv/v1/status`: how it goes, for who may manage the shop. It never holds a key. */
final class Status {

	public static function register(): void {
		register_rest_route(
			'rcv/v1',
			'/status',
			array(
				'methods'             => 'GET',
				'callback'            => array( self::class, 'show' ),
				'permission_callback' => static function () {
					return current_user_can( 'manage_woocommerce' );
				},
			)
		);
	}

	public static function show(): array {
		$door  = Configuration::door();
		$state = Push::state();
		return array(
			'version'      => VERSION,
			'woocommerce'  => Push::woocommerce(),
			'wordpress'    => get_bloginfo( 'version' ),
			'php'          => PHP_VERSION,
			'clock'        => gmdate( 'Y-m-d\TH:i:s\Z' ),
			'configured'   => '' !== $door['url'] && '' !== $door['secret'],
			'source'       => $door['source'],
			'off'          => $door['off'],
			'host'         => (string) wp_parse_url( $door['url'], PHP_URL_HOST ),
			'mode'         => Configuration::get( 'mode' ),
			'text_version' => Words::version(),
			'scheduler'    => Schedule::has_actions() ? 'action-scheduler' : 'wp-cron',
			'last_push'    => $state['last_push'] ? gmdate( 'Y-m-d\TH:i:s\Z', $state['last_push'] ) : null,
			'last_error'   => $state['last_error'],
			'tries'        => (int) $state['tries'],
			'waiting'      => Table::count_waiting(),
		);
	}

	/** WooCommerce lets its API keys in only under wc/; this makes it look at ours as well. */
	public static function count_as_woocommerce( $is_api ) {
		return $is_api || ( 'GET' === ( $_SERVER['REQUEST_METHOD'] ?? '' ) && 'rcv/v1/status' === self::route() );
	}

	/** The route this request is for, read as WordPress reads it. A mention elsewhere in the address opens nothing. */
	private static function route(): string {
		$parts = wp_parse_url( '/' . ltrim( wp_unslash( (string) ( $_SERVER['REQUEST_URI'] ?? '' ) ), '/' ) );
		$parts = is_array( $parts ) ? $parts : array();
		parse_str( (string) ( $parts['query'] ?? '' ), $query );
		if ( isset( $query['rest_route'] ) ) {
			return is_string( $query['rest_route'] ) ? trim( $query['rest_route'], '/' ) : '';
		}
		$home   = trim( (string) wp_parse_url( home_url(), PHP_URL_PATH ), '/' );
		$prefix = ( '' === $home ? '' : preg_quote( $home, '#' ) . '/' ) . '(?:index\.php/)?' . preg_quote( rest_get_url_prefix(), '#' );
		return preg_match( "#^/$prefix/(.+?)/*$#D", (string) ( $parts['path'] ?? '' ), $found ) ? $found[1] : '';
	}
}

/** The topic whose webhook holds our address and key. WooCommerce itself never delivers it. */
final class Webhook {

	public static function resources( array $known ): array {
		return array_merge( $known, array( 'rcv_cart' ) );
	}

	public static function events( array $known ): array {
		return array_values( array_unique( array_merge( $known, array( 'updated' ) ) ) );
	}

	/** A hook that nobody calls: a topic without one is refused. */
	public static function topic_hooks( array $known ): array {
		$known[ TOPIC ] = array( 'rcv_cart_never_delivered_natively' );
		return $known;
	}

	public static function topics( array $known ): array {
		$known[ TOPIC ] = Words::of( 'topic', true );
		return $known;
	}

	public static function should_deliver( $should, $webhook ) {
		return is_object( $webhook ) && TOPIC === $webhook->get_topic() ? false : $should;
	}
}

/** New versions, and the shop's newest settings, from Mandje. Asked in the background and signed both ways. */
final class Updates {

	public static function host(): string {
		return (string) wp_parse_url( CONFIGURATION['updates'], PHP_URL_HOST );
	}

	/** What WordPress asks of a plugin that updates from elsewhere. */
	public static function offer( $update, $plugin, $file = '' ) {
		if ( plugin_basename( __FILE__ ) !== $file ) {
			return $update;
		}
		$news = self::ask();
		if ( ! $news || empty( $news['version'] ) ) {
			return $update;
		}
		$package = isset( $news['package'] ) && is_string( $news['package'] ) && 0 === strpos( $news['package'], CONFIGURATION['updates'] ) ? $news['package'] : '';
		return array(
			'slug'         => 'mandje',
			'version'      => (string) $news['version'],
			'url'          => (string) CONFIGURATION['updates'],
			'package'      => $package,
			'tested'       => (string) ( $news['tested'] ?? '' ),
			'requires'     => (string) ( $news['requires'] ?? '' ),
			'requires_php' => (string) ( $news['requires_php'] ?? '' ),
		);
	}

	public static function refresh(): void {
		self::ask();
	}

	/** The answer, only if it was made with our key; its settings are kept. */
	private static function ask(): ?array {
		$secrets = Configuration::secrets();
		if ( '' === CONFIGURATION['updates'] || ! $secrets ) {
			return null;
		}
		$stamp  = (string) ( time() + (int) Push::state()['skew'] );
		$answer = wp_remote_get(
			CONFIGURATION['updates'] . 'update.json',
			array(
				'timeout'     => 10,
				'redirection' => 0,
				'headers'     => array(
					'Accept'          => 'application/json',
					'X-Rcv-Timestamp' => $stamp,
					'X-Rcv-Signature' => Signature::of( $stamp . '.update.json', $secrets[0] ),
				),
			)
		);
		if ( is_wp_error( $answer ) || 200 !== (int) wp_remote_retrieve_response_code( $answer ) ) {
			return null;
		}
		$body = (string) wp_remote_retrieve_body( $answer );
		$news = self::is_genuine( $body, (string) wp_remote_retrieve_header( $answer, 'x-rcv-signature' ), $stamp, $secrets ) ? json_decode( $body, true ) : null;
		if ( ! is_array( $news ) ) {
			return null;
		}
		self::keep( $news['settings'] ?? null );
		return $news;
	}

	/** Their signature covers our timestamp, so that an older answer cannot be played again. */
	private static function is_genuine( string $body, string $signature, string $stamp, array $secrets ): bool {
		$genuine = false;
		foreach ( $secrets as $secret ) {
			$genuine = hash_equals( Signature::of( $stamp . '.' . $body, $secret ), $signature ) || $genuine;
		}
		return $genuine;
	}

	/** @param mixed $given */
	private static function keep( $given ): void {
		$modes = array( 'consent', 'notice', 'accounts' );
		if ( ! is_array( $given ) || ! in_array( $given['mode'] ?? '', $modes, true ) || ! is_array( $given['countries'] ?? null ) ) {
			return;
		}
		update_option(
			'rcv_settings',
			array(
				'file'         => Configuration::file(),
				'mode'         => $given['mode'],
				'countries'    => array_values( array_filter( $given['countries'], 'is_string' ) ),
				'box'          => wp_strip_all_tags( (string) ( $given['box'] ?? '' ) ),
				'text_version' => substr( (string) ( $given['text_version'] ?? '' ), 0, 80 ),
			),
			true
		);
	}
}

/** Coming, going, and every hook we stand on. */
final class Plugin {

	private const FLAGS = array(
		'woocommerce_add_to_cart',
		'woocommerce_cart_item_removed',
		'woocommerce_cart_item_restored',
		'woocommerce_cart_item_set_quantity',
		'woocommerce_after_cart_item_quantity_update',
		'woocommerce_applied_coupon',
		'woocommerce_removed_coupon',
		'woocommerce_store_api_cart_update_customer_from_request',
		'woocommerce_guest_session_to_user_id',
	);

	public static function start(): void {
		self::shop();
		self::checkouts();
		self::background();
		self::care();
	}

	private static function shop(): void {
		foreach ( self::FLAGS as $hook ) {
			Hooks::on( $hook, array( Basket::class, 'flag' ), 10, 0 );
		}
		Hooks::on( 'woocommerce_cart_emptied', array( Basket::class, 'emptied' ), 10, 0 );
		Hooks::on( 'shutdown', array( Basket::class, 'keep' ), 5, 0 );
		Hooks::on( 'wp_loaded', array( Restore::class, 'on_loaded' ), 30, 0 );
		Hooks::on( 'wp_footer', array( Restore::class, 'say' ), 5, 0 );
		Hooks::on( 'woocommerce_abandoned_cart_recovery_suppress', '__return_true' );
	}

	private static function checkouts(): void {
		Hooks::on( 'woocommerce_init', array( Checkout::class, 'register_box' ), 10, 0 );
		Hooks::on( 'woocommerce_after_checkout_billing_form', array( Checkout::class, 'show_box' ), 10, 0 );
		Hooks::on( 'wp_enqueue_scripts', array( Checkout::class, 'script' ), 20, 0 );
		Hooks::on( 'woocommerce_form_field_checkbox', array( Checkout::class, 'only_at_checkout' ), 10, 2 );
		Hooks::on( 'shutdown', array( Checkout::class, 'forget_box' ), 4, 0 );
		Hooks::on( 'wc_ajax_rcv_identify', array( Checkout::class, 'identify' ), 10, 0 );
		Hooks::on( 'woocommerce_store_api_checkout_update_draft', array( Checkout::class, 'read_box' ) );
		Hooks::on( 'woocommerce_store_api_checkout_update_order_from_request', array( OrderTie::class, 'block_box' ), 10, 2 );
		Hooks::on( 'woocommerce_store_api_checkout_update_order_meta', array( OrderTie::class, 'block' ) );
		Hooks::on( 'woocommerce_checkout_create_order', array( OrderTie::class, 'classic' ) );
		Hooks::on( 'woocommerce_checkout_order_processed', array( OrderTie::class, 'classic_done' ), 10, 3 );
		Hooks::on( 'woocommerce_store_api_checkout_order_processed', array( OrderTie::class, 'done' ) );
		Hooks::on( 'woocommerce_thankyou', array( OrderTie::class, 'thanked' ), 10, 0 );
	}

	private static function background(): void {
		Hooks::on( 'rcv_push', array( Push::class, 'run' ), 10, 0 );
		Hooks::on( 'rcv_daily', array( Push::class, 'daily' ), 10, 0 );
		Hooks::on( 'woocommerce_valid_webhook_resources', array( Webhook::class, 'resources' ) );
		Hooks::on( 'woocommerce_valid_webhook_events', array( Webhook::class, 'events' ) );
		Hooks::on( 'woocommerce_webhook_topic_hooks', array( Webhook::class, 'topic_hooks' ) );
		Hooks::on( 'woocommerce_webhook_topics', array( Webhook::class, 'topics' ) );
		Hooks::on( 'woocommerce_webhook_should_deliver', array( Webhook::class, 'should_deliver' ), 99, 2 );
		Hooks::on( 'rest_api_init', array( Status::class, 'register' ), 10, 0 );
		Hooks::on( 'woocommerce_rest_is_request_to_rest_api', array( Status::class, 'count_as_woocommerce' ) );
		if ( '' !== Updates::host() ) {
			Hooks::on( 'update_plugins_' . Updates::host(), array( Updates::class, 'offer' ), 10, 3 );
		}
	}

	private static function care(): void {
		Hooks::on( 'wp_privacy_personal_data_exporters', array( Privacy::class, 'exporters' ) );
		Hooks::on( 'wp_privacy_personal_data_erasers', array( Privacy::class, 'erasers' ) );
		Hooks::on( 'admin_init', array( Privacy::class, 'policy' ), 10, 0 );
		Hooks::on( 'admin_init', array( Table::class, 'ready' ), 10, 0 );
		Hooks::on( 'admin_notices', array( Push::class, 'warn' ), 10, 0 );
		Hooks::on( 'wp_consent_api_registered_' . plugin_basename( __FILE__ ), '__return_true' );
		Hooks::on( 'before_woocommerce_init', array( self::class, 'declare_compatibility' ), 10, 0 );
		register_activation_hook( __FILE__, array( self::class, 'activate' ) );
		register_deactivation_hook( __FILE__, array( Schedule::class, 'stop' ) );
	}

	public static function declare_compatibility(): void {
		if ( class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
			\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'custom_order_tables', __FILE__, true );
			\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'cart_checkout_blocks', __FILE__, true );
		}
	}

	public static function activate(): void {
		register_uninstall_hook( __FILE__, array( self::class, 'uninstall' ) );
		Table::ready();
		Schedule::daily();
	}

	/** Nothing of ours stays in the shop: on every blog of a network. Orders keep what they carry. */
	public static function uninstall(): void {
		$blogs = is_multisite() ? get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) : array( 0 );
		foreach ( $blogs as $blog ) {
			if ( $blog ) {
				switch_to_blog( $blog );
			}
			self::leave();
			if ( $blog ) {
				restore_current_blog();
			}
		}
		delete_metadata( 'user', 0, CONSENT_META, '', true );
		delete_metadata( 'user', 0, BOX_META, '', true );
	}

	private static function leave(): void {
		global $wpdb;
		Schedule::stop();
		$wpdb->query( 'DROP TABLE IF EXISTS ' . Table::name() );
		foreach ( array( 'rcv_table', 'rcv_state', 'rcv_trouble', 'rcv_settings' ) as $option ) {
			delete_option( $option );
		}
	}
}

Plugin::start();
